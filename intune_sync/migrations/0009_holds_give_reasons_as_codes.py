from typing import Any

from django.db import migrations, models


def keep_the_words(apps: Any, _editor: Any) -> None:
    """What was said in one language stays until the change is looked at again, in a few minutes."""
    for hold in apps.get_model("intune_sync", "AutomaticHold").objects.all():
        hold.reason_data, hold.reason = {"said": hold.reason}, "said"
        hold.save(update_fields=["reason", "reason_data"])


def put_the_words_back(apps: Any, _editor: Any) -> None:
    for hold in apps.get_model("intune_sync", "AutomaticHold").objects.all():
        hold.reason = hold.reason_data.get("said", hold.reason)
        hold.save(update_fields=["reason"])


class Migration(migrations.Migration):
    dependencies = [("intune_sync", "0008_only_approved_actions")]

    operations = [
        migrations.AddField(
            model_name="automatichold",
            name="reason_data",
            field=models.JSONField(default=dict, help_text="What the explanation names."),
        ),
        migrations.RunPython(keep_the_words, put_the_words_back),
        migrations.AlterField(
            model_name="automatichold",
            name="reason",
            field=models.CharField(
                help_text="Why it waits, as a code; `intune_sync.holds` has words.",
                max_length=30,
                verbose_name="reason",
            ),
        ),
    ]
