from django.db import migrations

FORWARD = """
CREATE FUNCTION schools_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON schools_auditevent
    FOR EACH ROW EXECUTE FUNCTION schools_audit_is_append_only();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON schools_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION schools_audit_is_append_only();
"""

BACKWARD = """
DROP TRIGGER audit_no_truncate ON schools_auditevent;
DROP TRIGGER audit_no_change ON schools_auditevent;
DROP FUNCTION schools_audit_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("schools", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
