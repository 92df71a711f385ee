from django.db import migrations, models

import deployments.models.rollouts


class Migration(migrations.Migration):
    """Groups that there are keep the name that they have in Entra: their random part is empty."""

    dependencies = [("deployments", "0022_overrides_without_rollouts")]

    operations = [
        migrations.AddField(
            model_name="ringgroup",
            name="token",
            field=models.CharField(
                blank=True,
                default="",
                editable=False,
                help_text="Random part of its name in Entra; empty in groups from before there was one.",
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="ringgroup",
            name="token",
            field=models.CharField(
                blank=True,
                default=deployments.models.rollouts.random_token,
                editable=False,
                help_text="Random part of its name in Entra; empty in groups from before there was one.",
                max_length=8,
            ),
        ),
    ]
