from django.db import migrations

FORWARD = """
CREATE FUNCTION deployments_vote_at_the_meeting() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched bigint := CASE WHEN TG_OP = 'DELETE' THEN OLD.item_id ELSE NEW.item_id END;
    item deployments_agendaitem%ROWTYPE;
    meeting deployments_meeting%ROWTYPE;
BEGIN
    SELECT * INTO item FROM deployments_agendaitem WHERE id = touched;
    IF item.id IS NULL THEN RETURN OLD; END IF;
    SELECT * INTO meeting FROM deployments_meeting WHERE id = item.meeting_id;
    IF TG_OP = 'UPDATE' AND meeting.status = 'open' AND (NEW.item_id, NEW.seat_id, NEW.choice)
            IS NOT DISTINCT FROM (OLD.item_id, OLD.seat_id, OLD.choice) THEN
        RETURN NEW;  -- a reservation is made when the outcome is known
    END IF;
    IF meeting.status <> 'open' OR item.outcome <> '' THEN
        RAISE EXCEPTION 'votes are given while the meeting is open and the item undecided'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    IF NOT EXISTS (SELECT 1 FROM deployments_meeting_present
                   WHERE meeting_id = meeting.id AND seat_id = NEW.seat_id) THEN
        RAISE EXCEPTION 'only those present vote' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vote_at_the_meeting BEFORE INSERT OR UPDATE OR DELETE ON deployments_vote
    FOR EACH ROW EXECUTE FUNCTION deployments_vote_at_the_meeting();

CREATE FUNCTION deployments_has_quorum(of_meeting bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(bool_and(present > 0 AND 2 * present > filled), false) FROM (
        SELECT count(*) FILTER (WHERE seat.holder_id IS NOT NULL) AS filled,
               count(*) FILTER (WHERE seat.holder_id IS NOT NULL AND here.id IS NOT NULL) AS present
        FROM deployments_seat seat
        LEFT JOIN deployments_meeting_present here ON here.seat_id = seat.id AND here.meeting_id = of_meeting
        WHERE seat.administration_id IS NOT NULL GROUP BY seat.administration_id
    ) AS administrations
$$;

CREATE FUNCTION deployments_item_by_the_rules() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    meeting deployments_meeting%ROWTYPE;
    balance integer;
    voted integer;
    chairs text;
BEGIN
    SELECT * INTO meeting FROM deployments_meeting
        WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.meeting_id ELSE NEW.meeting_id END;
    IF meeting.status IN ('closed', 'signed') THEN
        RAISE EXCEPTION 'the agenda of a closed meeting never changes' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    IF NEW.outcome = '' OR (TG_OP = 'UPDATE' AND NEW.outcome = OLD.outcome) THEN RETURN NEW; END IF;
    IF meeting.status <> 'open' OR NOT deployments_has_quorum(meeting.id) THEN
        RAISE EXCEPTION 'a meeting decides while it is open and has a quorum' USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT coalesce(sum(CASE choice WHEN 'for' THEN 1 WHEN 'against' THEN -1 ELSE 0 END), 0),
           count(*) FILTER (WHERE choice IN ('for', 'against'))
        INTO balance, voted FROM deployments_vote WHERE item_id = NEW.id;
    IF balance = 0 AND voted > 0 THEN
        SELECT vote.choice INTO chairs FROM deployments_vote vote JOIN deployments_seat seat ON seat.id = vote.seat_id
            WHERE vote.item_id = NEW.id AND seat.holder_id = meeting.chair_id AND vote.choice IN ('for', 'against')
            ORDER BY vote.id LIMIT 1;
        balance := CASE chairs WHEN 'for' THEN 1 WHEN 'against' THEN -1 ELSE 0 END;
    END IF;
    IF voted > 0 AND ((NEW.outcome = 'granted' AND balance <= 0) OR (NEW.outcome = 'rejected' AND balance >= 0)) THEN
        RAISE EXCEPTION 'the outcome follows the votes' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER item_by_the_rules BEFORE INSERT OR UPDATE OR DELETE ON deployments_agendaitem
    FOR EACH ROW EXECUTE FUNCTION deployments_item_by_the_rules();

CREATE FUNCTION deployments_sign_off_by_the_rules() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    meeting deployments_meeting%ROWTYPE;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'a signature is never changed' USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT * INTO meeting FROM deployments_meeting WHERE id = NEW.meeting_id;
    IF meeting.status <> 'closed' OR meeting.minutes_hash <> NEW.minutes_hash THEN
        RAISE EXCEPTION 'minutes are signed as they were closed' USING ERRCODE = 'restrict_violation';
    END IF;
    IF meeting.secretary_id = NEW.user_id OR NOT EXISTS (
        SELECT 1 FROM deployments_meeting_present here JOIN deployments_seat seat ON seat.id = here.seat_id
        WHERE here.meeting_id = meeting.id AND seat.holder_id = NEW.user_id) THEN
        RAISE EXCEPTION 'minutes are signed by those present other than the secretary'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sign_off_by_the_rules BEFORE INSERT OR UPDATE OR DELETE ON deployments_signoff
    FOR EACH ROW EXECUTE FUNCTION deployments_sign_off_by_the_rules();

CREATE FUNCTION deployments_meeting_by_the_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status IN ('closed', 'signed') AND (NEW.minutes <> OLD.minutes OR NEW.minutes_hash <> OLD.minutes_hash
            OR NEW.closed_at IS DISTINCT FROM OLD.closed_at OR NEW.status NOT IN ('closed', 'signed')
            OR NEW.secretary_id IS DISTINCT FROM OLD.secretary_id) THEN
        RAISE EXCEPTION 'closed minutes never change' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.status = 'closed' AND OLD.status = 'open'
            AND EXISTS (SELECT 1 FROM deployments_agendaitem WHERE meeting_id = NEW.id AND outcome = '') THEN
        RAISE EXCEPTION 'a meeting closes when every item has an outcome' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.status = 'signed' AND OLD.status <> 'signed'
            AND (SELECT count(*) FROM deployments_signoff
                 WHERE meeting_id = NEW.id AND minutes_hash = NEW.minutes_hash) < 2 THEN
        RAISE EXCEPTION 'two people sign the minutes' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER meeting_by_the_rules BEFORE UPDATE ON deployments_meeting
    FOR EACH ROW EXECUTE FUNCTION deployments_meeting_by_the_rules();
"""

BACKWARD = """
DROP TRIGGER meeting_by_the_rules ON deployments_meeting;
DROP FUNCTION deployments_meeting_by_the_rules();
DROP TRIGGER sign_off_by_the_rules ON deployments_signoff;
DROP FUNCTION deployments_sign_off_by_the_rules();
DROP TRIGGER item_by_the_rules ON deployments_agendaitem;
DROP FUNCTION deployments_item_by_the_rules();
DROP FUNCTION deployments_has_quorum(bigint);
DROP TRIGGER vote_at_the_meeting ON deployments_vote;
DROP FUNCTION deployments_vote_at_the_meeting();
"""


class Migration(migrations.Migration):
    dependencies = [("deployments", "0005_minutes_and_semester_dates")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
