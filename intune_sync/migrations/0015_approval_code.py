from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("intune_sync", "0014_epochs_are_sealed")]

    operations = [
        migrations.AddField(
            model_name="operation",
            name="approval_code",
            field=models.CharField(
                blank=True,
                default="",
                help_text="By which Intune knows the request that waits for approval there.",
                max_length=100,
            ),
            preserve_default=False,
        ),
    ]
