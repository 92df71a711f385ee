from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("schools", "0004_mail_is_sent_from_an_outbox")]

    operations = [
        migrations.AddField(
            model_name="classgroup",
            name="removed_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="removed"),
        ),
        migrations.RemoveConstraint(model_name="classgroup", name="class_group_name_once_per_school"),
        migrations.AddConstraint(
            model_name="classgroup",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at", None)),
                fields=("school", "name"),
                name="class_group_name_once_per_school",
            ),
        ),
    ]
