from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("intune_sync", "0013_sign_in_refused")]

    operations = [
        migrations.AddField(model_name="epoch", name="sealed_by", field=models.BigIntegerField(null=True)),
    ]
