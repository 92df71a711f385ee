"""The database's own look at remote actions: an operation follows an approved order, for a computer of that order."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION intune_sync_action_of_an_order() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    the_order intune_sync_actionorder%ROWTYPE;
    named bigint;
BEGIN
    IF NEW.kind <> 'action' THEN RETURN NEW; END IF;
    SELECT * INTO the_order FROM intune_sync_actionorder WHERE id = NEW.order_id;
    SELECT count(*) INTO named FROM intune_sync_actionorder_devices WHERE actionorder_id = NEW.order_id;
    IF the_order.status <> 'approved' OR named <> the_order.device_count
            OR the_order.is_destructive <> NEW.is_destructive
            OR NOT EXISTS (SELECT 1 FROM intune_sync_actionorder_devices
                           WHERE actionorder_id = NEW.order_id AND device_id = NEW.device_id) THEN
        RAISE EXCEPTION 'a remote action follows an approved order for its computers'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER action_of_an_order BEFORE INSERT OR UPDATE OF kind, order_id, device_id, is_destructive
    ON intune_sync_operation FOR EACH ROW EXECUTE FUNCTION intune_sync_action_of_an_order();
"""

BACKWARD = """
DROP TRIGGER action_of_an_order ON intune_sync_operation;
DROP FUNCTION intune_sync_action_of_an_order();
"""


class Migration(migrations.Migration):
    dependencies = [("intune_sync", "0007_imports_actions_and_a_stop")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
