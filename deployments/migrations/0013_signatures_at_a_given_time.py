import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("deployments", "0012_changes_of_other_apps_beside"),
    ]

    operations = [
        migrations.AlterField(
            model_name="signoff",
            name="at",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
    ]
