import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deployments", "0019_simulations")]

    operations = [
        migrations.AddField(
            model_name="calendaroverride",
            name="change_set",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="overrides",
                to="deployments.changeset",
            ),
        ),
        migrations.AddField(
            model_name="calendaroverride",
            name="kind",
            field=models.CharField(
                choices=[
                    ("calendar", "Its roll-out may start in a freeze or in lesson hours"),
                    ("at_once", "It may be written at once to all its computers"),
                ],
                default="calendar",
                max_length=8,
                verbose_name="kind",
            ),
        ),
        migrations.AddField(
            model_name="calendaroverride",
            name="approval_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="calendaroverride",
            name="rollout",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="overrides",
                to="deployments.rollout",
            ),
        ),
    ]
