import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("deployments", "0009_own_agenda_items"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Stance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "choice",
                    models.CharField(
                        choices=[
                            ("for", "Leans towards granting it"),
                            ("against", "Leans towards rejecting it"),
                            ("unsure", "Not sure yet"),
                        ],
                        max_length=8,
                        verbose_name="stance",
                    ),
                ),
                ("text", models.CharField(blank=True, max_length=300, verbose_name="in a line")),
                ("at", models.DateTimeField(auto_now=True)),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stances",
                        to="deployments.proposal",
                    ),
                ),
                (
                    "seat",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="deployments.seat"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "stance",
                "verbose_name_plural": "stances",
                "ordering": ["proposal", "seat__name"],
                "constraints": [
                    models.UniqueConstraint(fields=("proposal", "seat"), name="seat_takes_one_stance_on_a_proposal")
                ],
            },
        ),
    ]
