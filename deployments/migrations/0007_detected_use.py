import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deployments", "0006_meetings_keep_their_rules")]

    operations = [
        migrations.CreateModel(
            name="DetectedUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("computers", models.PositiveIntegerField(verbose_name="found on computers")),
                ("read_at", models.DateTimeField(verbose_name="read")),
                (
                    "application",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="detected",
                        to="deployments.application",
                    ),
                ),
            ],
            options={"verbose_name": "detected use", "verbose_name_plural": "detected use"},
        ),
    ]
