from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("deployments", "0011_proposals_change_a_rule")]

    operations = [
        migrations.RemoveConstraint(model_name="changeset", name="one_change_applies_at_a_time"),
    ]
