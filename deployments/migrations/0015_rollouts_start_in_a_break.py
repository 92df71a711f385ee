import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("deployments", "0014_rollouts"),
        ("schools", "0007_school_calendar"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="rollout",
            name="starts_in",
            field=models.ForeignKey(
                blank=True,
                help_text="Each school's computers begin on the school's own first day of this break, or later.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="schools.calendarperiod",
                verbose_name="starts in",
            ),
        ),
        migrations.AlterField(
            model_name="rollout",
            name="min_sample",
            field=models.PositiveSmallIntegerField(
                default=20,
                help_text="So many computers of a ring must have reported before it can pass; of a small ring, most of them.",
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="fewest reports",
            ),
        ),
        migrations.AddConstraint(
            model_name="rollout",
            constraint=models.CheckConstraint(
                condition=models.Q(("starts_on", None), ("starts_in", None), _connector="OR"),
                name="starts_on_a_day_or_in_a_break",
            ),
        ),
    ]
