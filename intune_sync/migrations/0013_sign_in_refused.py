from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("intune_sync", "0012_signs_of_life"),
    ]

    operations = [
        migrations.AddField(
            model_name="graphcondition",
            name="is_refused",
            field=models.BooleanField(
                default=False,
                help_text="It answers, but does not accept the portal's sign-in; `down_since` tells since when.",
            ),
        ),
    ]
