from django.db import migrations

FORWARD = """
CREATE FUNCTION deployments_entry_only_in_draft() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN touched := ARRAY[NEW.revision_id];
    ELSIF TG_OP = 'DELETE' THEN touched := ARRAY[OLD.revision_id];
    ELSE touched := ARRAY[OLD.revision_id, NEW.revision_id];
    END IF;
    IF EXISTS (SELECT 1 FROM deployments_baselinerevision WHERE id = ANY(touched) AND status <> 'draft') THEN
        RAISE EXCEPTION 'the entries of a revision that is not a draft never change' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER entry_only_in_draft BEFORE INSERT OR UPDATE OR DELETE ON deployments_baselineentry
    FOR EACH ROW EXECUTE FUNCTION deployments_entry_only_in_draft();
"""

BACKWARD = """
DROP TRIGGER entry_only_in_draft ON deployments_baselineentry;
DROP FUNCTION deployments_entry_only_in_draft();
"""


class Migration(migrations.Migration):
    dependencies = [("deployments", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
