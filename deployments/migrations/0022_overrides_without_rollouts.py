import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deployments", "0021_fill_changes_of_overrides")]

    operations = [
        migrations.AlterModelOptions(
            name="calendaroverride",
            options={
                "ordering": ["change_set", "id"],
                "verbose_name": "exception from the calendar",
                "verbose_name_plural": "exceptions from the calendar",
            },
        ),
        migrations.AlterField(
            model_name="calendaroverride",
            name="change_set",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="overrides", to="deployments.changeset"
            ),
        ),
        migrations.RemoveField(model_name="calendaroverride", name="rollout"),
        migrations.AddConstraint(
            model_name="calendaroverride",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("approval_at", None), ("kind", "calendar")),
                    models.Q(("approval_at__isnull", False), ("kind", "at_once")),
                    _connector="OR",
                ),
                name="override_at_once_goes_with_an_approval",
            ),
        ),
        migrations.AddConstraint(
            model_name="calendaroverride",
            constraint=models.UniqueConstraint(
                fields=("change_set", "kind", "approval_at"), name="override_asked_for_once", nulls_distinct=False
            ),
        ),
    ]
