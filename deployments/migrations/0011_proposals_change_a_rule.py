import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deployments", "0010_stances_before_a_meeting")]

    operations = [
        migrations.AlterField(
            model_name="proposal",
            name="kind",
            field=models.CharField(
                choices=[
                    ("add", "Add an application"),
                    ("remove", "Remove an application"),
                    ("replace", "Replace an application"),
                    ("version", "Change the version"),
                    ("scope", "Change who gets it"),
                    ("profile", "Change the rule of a container"),
                ],
                max_length=8,
                verbose_name="kind",
            ),
        ),
        migrations.AddField(
            model_name="proposal",
            name="moved_from",
            field=models.ForeignKey(
                blank=True,
                help_text="The container whose rule moves to the other one.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="deployments.softwareprofile",
                verbose_name="moved from",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(("moved_from", None))
                | models.Q(("kind", "profile"), models.Q(("moved_from", models.F("profile")), _negated=True)),
                name="only_a_rule_moves_and_elsewhere",
            ),
        ),
    ]
