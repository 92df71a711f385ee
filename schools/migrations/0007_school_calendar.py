import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("schools", "0006_people_may_sign_in_with_entra"),
    ]

    operations = [
        migrations.CreateModel(
            name="CalendarPeriod",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("term", "Term"), ("break", "Break"), ("freeze", "Freeze"), ("holiday", "Day off")],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("starts_on", models.DateField(verbose_name="first day")),
                ("ends_on", models.DateField(verbose_name="last day")),
                (
                    "administration",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="schools.administration",
                        verbose_name="administration",
                    ),
                ),
                (
                    "school",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="schools.school",
                        verbose_name="school",
                    ),
                ),
                (
                    "school_form",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="schools.schoolform",
                        verbose_name="school form",
                    ),
                ),
            ],
            options={
                "verbose_name": "period of the calendar",
                "verbose_name_plural": "periods of the calendar",
                "ordering": ["starts_on", "ends_on", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("starts_on__lte", models.F("ends_on"))),
                        name="period_starts_before_it_ends",
                        violation_error_message="The last day has to be the first day or later.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("administration", None), ("school_form", None)),
                            models.Q(("administration", None), ("school", None)),
                            models.Q(("school", None), ("school_form", None)),
                            _connector="OR",
                        ),
                        name="period_has_one_scope",
                        violation_error_message="Choose one administration, one school form or one school, or none of them for all schools.",
                    ),
                    models.CheckConstraint(condition=models.Q(("name", ""), _negated=True), name="period_has_a_name"),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("kind", "term")),
                        expressions=[
                            (
                                models.Func(
                                    models.F("starts_on"),
                                    models.F("ends_on"),
                                    models.Value("[]"),
                                    function="daterange",
                                    output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                                ),
                                "&&",
                            ),
                            (
                                models.Func(
                                    django.db.models.functions.comparison.Coalesce(
                                        models.F("administration"),
                                        models.Value(0),
                                        output_field=models.BigIntegerField(),
                                    ),
                                    django.db.models.functions.comparison.Coalesce(
                                        models.F("administration"),
                                        models.Value(0),
                                        output_field=models.BigIntegerField(),
                                    ),
                                    models.Value("[]"),
                                    function="int8range",
                                    output_field=django.contrib.postgres.fields.ranges.BigIntegerRangeField(),
                                ),
                                "&&",
                            ),
                            (
                                models.Func(
                                    django.db.models.functions.comparison.Coalesce(
                                        models.F("school_form"), models.Value(0), output_field=models.BigIntegerField()
                                    ),
                                    django.db.models.functions.comparison.Coalesce(
                                        models.F("school_form"), models.Value(0), output_field=models.BigIntegerField()
                                    ),
                                    models.Value("[]"),
                                    function="int8range",
                                    output_field=django.contrib.postgres.fields.ranges.BigIntegerRangeField(),
                                ),
                                "&&",
                            ),
                            (
                                models.Func(
                                    django.db.models.functions.comparison.Coalesce(
                                        models.F("school"), models.Value(0), output_field=models.BigIntegerField()
                                    ),
                                    django.db.models.functions.comparison.Coalesce(
                                        models.F("school"), models.Value(0), output_field=models.BigIntegerField()
                                    ),
                                    models.Value("[]"),
                                    function="int8range",
                                    output_field=django.contrib.postgres.fields.ranges.BigIntegerRangeField(),
                                ),
                                "&&",
                            ),
                        ],
                        name="terms_of_a_scope_apart",
                        violation_error_message="Another term has some of these days already.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LessonHours",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "weekday",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "Monday"),
                            (2, "Tuesday"),
                            (3, "Wednesday"),
                            (4, "Thursday"),
                            (5, "Friday"),
                            (6, "Saturday"),
                            (7, "Sunday"),
                        ],
                        verbose_name="weekday",
                    ),
                ),
                ("begins", models.TimeField(verbose_name="lessons begin")),
                ("ends", models.TimeField(verbose_name="lessons end")),
                (
                    "administration",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="schools.administration",
                        verbose_name="administration",
                    ),
                ),
                (
                    "school",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="schools.school",
                        verbose_name="school",
                    ),
                ),
                (
                    "school_form",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="schools.schoolform",
                        verbose_name="school form",
                    ),
                ),
            ],
            options={
                "verbose_name": "lesson hours",
                "verbose_name_plural": "lesson hours",
                "ordering": ["weekday", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("begins__lt", models.F("ends"))),
                        name="lessons_begin_before_they_end",
                        violation_error_message="Lessons have to end after they begin.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("weekday__range", (1, 7))), name="lessons_on_a_day_of_the_week"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("administration", None), ("school_form", None)),
                            models.Q(("administration", None), ("school", None)),
                            models.Q(("school", None), ("school_form", None)),
                            _connector="OR",
                        ),
                        name="lessons_have_one_scope",
                        violation_error_message="Choose one administration, one school form or one school, or none of them for all schools.",
                    ),
                    models.UniqueConstraint(
                        fields=("administration", "school_form", "school", "weekday"),
                        name="lessons_of_a_weekday_once",
                        nulls_distinct=False,
                    ),
                ],
            },
        ),
    ]
