import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("schools", "0007_school_calendar")]

    operations = [
        migrations.AddField(
            model_name="municipality",
            name="line_mbit",
            field=models.PositiveIntegerField(
                default=1000,
                help_text="Assumed of each school whose own line nobody has entered.",
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="usual line (Mbit/s)",
            ),
        ),
        migrations.AddField(
            model_name="school",
            name="line_mbit",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="What the school's line carries. Empty: the municipality's usual line is assumed.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="line (Mbit/s)",
            ),
        ),
        migrations.AddConstraint(
            model_name="school",
            constraint=models.CheckConstraint(
                condition=models.Q(("line_mbit", None), ("line_mbit__gte", 1), _connector="OR"),
                name="school_line_carries_something",
            ),
        ),
    ]
