"""The table of sent mail has had no writer before this, so it is made anew."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("schools", "0003_notifications")]

    operations = [
        migrations.DeleteModel("SentMail"),
        migrations.CreateModel(
            name="SentMail",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "message_id",
                    models.CharField(
                        help_text="The same at every try, so that a mail server drops a second copy.",
                        max_length=120,
                        unique=True,
                    ),
                ),
                ("subject", models.CharField(max_length=200)),
                ("body", models.TextField()),
                (
                    "status",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("sent", "Sent"), ("given_up", "Given up")],
                        default="waiting",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("not_before", models.DateTimeField()),
                ("answer", models.CharField(blank=True, max_length=200, verbose_name="last answer")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "to",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={"verbose_name": "sent mail", "verbose_name_plural": "sent mail", "ordering": ["-id"]},
        ),
        migrations.AddIndex(
            model_name="sentmail",
            index=models.Index(condition=models.Q(("status", "waiting")), fields=["not_before"], name="mails_due"),
        ),
        migrations.AddIndex(
            model_name="sentmail",
            index=models.Index(fields=["to", "-id"], name="mails_of_person"),
        ),
        migrations.AlterField(
            model_name="notification",
            name="mailed_at",
            field=models.DateTimeField(
                help_text="When its mail was written, or when it was clear that the person wants none.", null=True
            ),
        ),
    ]
