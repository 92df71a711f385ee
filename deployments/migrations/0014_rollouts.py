import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("deployments", "0013_signatures_at_a_given_time"),
        ("fleet", "0007_two_answers_without_it"),
        ("schools", "0006_people_may_sign_in_with_entra"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Ring",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "share",
                    models.PositiveSmallIntegerField(
                        help_text="Percent of all computers, with earlier rings.", verbose_name="share"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("planned", "Not opened yet"),
                            ("opening", "Being written to Intune"),
                            ("open", "Open, being watched"),
                            ("passed", "Passed"),
                            ("skipped", "Skipped"),
                        ],
                        default="planned",
                        max_length=8,
                        verbose_name="status",
                    ),
                ),
                ("opened_at", models.DateTimeField(null=True, verbose_name="opened")),
                (
                    "written_at",
                    models.DateTimeField(
                        help_text="When its first computers were confirmed in Intune.",
                        null=True,
                        verbose_name="written to Intune",
                    ),
                ),
                ("passed_at", models.DateTimeField(null=True, verbose_name="passed")),
                (
                    "reason",
                    models.TextField(
                        blank=True, help_text="Why it was skipped or let through by hand.", verbose_name="reason"
                    ),
                ),
                (
                    "passed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "ring",
                "verbose_name_plural": "rings",
                "ordering": ["rollout", "number"],
            },
        ),
        migrations.CreateModel(
            name="GateReading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("read_at", models.DateTimeField(verbose_name="read")),
                ("installed", models.PositiveIntegerField(verbose_name="done")),
                ("failed", models.PositiveIntegerField(verbose_name="failed")),
                ("waiting", models.PositiveIntegerField(verbose_name="waiting")),
                ("low", models.FloatField(verbose_name="failure rate at least")),
                ("high", models.FloatField(verbose_name="failure rate at most")),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("too_few", "Too few reports yet"),
                            ("soaking", "Being watched"),
                            ("pass", "Passed"),
                            ("below", "Too few succeed"),
                            ("halt", "Stop"),
                        ],
                        max_length=8,
                        verbose_name="verdict",
                    ),
                ),
                ("findings", models.JSONField(default=list, verbose_name="findings")),
                (
                    "ring",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="readings", to="deployments.ring"
                    ),
                ),
            ],
            options={
                "verbose_name": "reading of a gate",
                "verbose_name_plural": "readings of gates",
                "ordering": ["ring", "id"],
            },
        ),
        migrations.CreateModel(
            name="RingGroup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("part", models.PositiveSmallIntegerField(default=1)),
                (
                    "entra_group_id",
                    models.UUIDField(editable=False, help_text="Empty until it has been created.", null=True),
                ),
                ("deleted_at", models.DateTimeField(editable=False, null=True, verbose_name="deleted")),
                (
                    "ring",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="groups", to="deployments.ring"
                    ),
                ),
            ],
            options={
                "verbose_name": "group of a ring",
                "verbose_name_plural": "groups of rings",
            },
        ),
        migrations.CreateModel(
            name="RingGroupUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "intent",
                    models.CharField(
                        choices=[("required", "Required"), ("available", "Available"), ("uninstall", "Uninstall")],
                        max_length=10,
                        verbose_name="intent",
                    ),
                ),
                ("exclude", models.BooleanField(default=False, verbose_name="excluded")),
                (
                    "change",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="ring_uses",
                        to="deployments.assignmentchange",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="uses", to="deployments.ringgroup"
                    ),
                ),
            ],
            options={
                "verbose_name": "use of a ring's group",
                "verbose_name_plural": "uses of rings' groups",
            },
        ),
        migrations.CreateModel(
            name="Rollout",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("queued", "Waiting to start"),
                            ("running", "Under way"),
                            ("paused", "Paused"),
                            ("halted", "Stopped by itself"),
                            ("done", "Everywhere"),
                            ("aborted", "Broken off"),
                            ("rolled_back", "Rolled back"),
                        ],
                        default="planned",
                        max_length=11,
                        verbose_name="status",
                    ),
                ),
                (
                    "strategy",
                    models.CharField(
                        choices=[
                            ("rings", "In rings across schools and models"),
                            ("pilot_school", "A pilot school first"),
                            ("all_at_once", "All at once"),
                        ],
                        default="rings",
                        max_length=12,
                        verbose_name="strategy",
                    ),
                ),
                (
                    "seed",
                    models.PositiveIntegerField(
                        default=1,
                        help_text="The same seed draws the same rings; another one draws others.",
                        verbose_name="seed",
                    ),
                ),
                (
                    "least_per_model",
                    models.PositiveSmallIntegerField(
                        default=5,
                        help_text="Each ring holds at least so many computers of every model, as far as there are any.",
                        verbose_name="computers of each model",
                    ),
                ),
                (
                    "soak_hours",
                    models.PositiveSmallIntegerField(
                        default=24,
                        help_text="A ring is watched at least so long after it was written, before the next one opens.",
                        verbose_name="hours between rings",
                    ),
                ),
                (
                    "min_sample",
                    models.PositiveSmallIntegerField(
                        default=20,
                        help_text="So many computers of a ring must have reported before it can pass; all, where it has fewer.",
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="fewest reports",
                    ),
                ),
                (
                    "least_success",
                    models.FloatField(
                        default=0.95,
                        help_text="The share of the computers that reported which must have succeeded.",
                        validators=[
                            django.core.validators.MinValueValidator(0.5),
                            django.core.validators.MaxValueValidator(1.0),
                        ],
                        verbose_name="least success",
                    ),
                ),
                (
                    "gate",
                    models.CharField(
                        choices=[
                            ("automatic", "Goes on by itself when the gate is passed"),
                            ("by_hand", "Somebody lets each ring through"),
                        ],
                        default="automatic",
                        max_length=9,
                        verbose_name="gate",
                    ),
                ),
                ("starts_on", models.DateField(blank=True, null=True, verbose_name="starts on")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("started_at", models.DateTimeField(null=True, verbose_name="started")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                ("halted_at", models.DateTimeField(null=True, verbose_name="stopped")),
                ("halt_code", models.CharField(blank=True, editable=False, max_length=20)),
                ("halt_data", models.JSONField(default=dict, editable=False)),
                (
                    "accepted",
                    models.JSONField(
                        default=list,
                        editable=False,
                        help_text="Keys of the findings that somebody has looked at and accepted, so that they halt it no more.",
                    ),
                ),
                (
                    "change_set",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="rollout", to="deployments.changeset"
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "pilot_school",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="schools.school",
                        verbose_name="pilot school",
                    ),
                ),
                (
                    "rollback",
                    models.OneToOneField(
                        help_text="The change that takes it back.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rolls_back",
                        to="deployments.changeset",
                        verbose_name="rolled back by",
                    ),
                ),
                (
                    "started_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "roll-out",
                "verbose_name_plural": "roll-outs",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="RingMember",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("released_at", models.DateTimeField(null=True, verbose_name="let in")),
                ("written_at", models.DateTimeField(null=True, verbose_name="written to Intune")),
                (
                    "device",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="ring_members", to="fleet.device"
                    ),
                ),
                (
                    "ring",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="members", to="deployments.ring"
                    ),
                ),
                (
                    "rollout",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="members", to="deployments.rollout"
                    ),
                ),
            ],
            options={
                "verbose_name": "computer in a ring",
                "verbose_name_plural": "computers in rings",
            },
        ),
        migrations.AddField(
            model_name="ring",
            name="rollout",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="rings", to="deployments.rollout"
            ),
        ),
        migrations.CreateModel(
            name="CalendarOverride",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.TextField(verbose_name="reason")),
                ("requested_at", models.DateTimeField(verbose_name="requested")),
                ("approved_at", models.DateTimeField(null=True, verbose_name="approved")),
                (
                    "approved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "rollout",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="overrides", to="deployments.rollout"
                    ),
                ),
            ],
            options={
                "verbose_name": "exception from the calendar",
                "verbose_name_plural": "exceptions from the calendar",
                "ordering": ["rollout", "id"],
            },
        ),
        migrations.AddConstraint(
            model_name="ringgroup",
            constraint=models.UniqueConstraint(fields=("ring", "part"), name="ring_part_once"),
        ),
        migrations.AddConstraint(
            model_name="ringgroupuse",
            constraint=models.UniqueConstraint(fields=("group", "change"), name="ring_group_once_in_a_list"),
        ),
        migrations.AddConstraint(
            model_name="rollout",
            constraint=models.CheckConstraint(
                condition=models.Q(("strategy", "pilot_school"), ("pilot_school", None), _connector="XOR"),
                name="pilot_school_where_one_is_first",
            ),
        ),
        migrations.AddConstraint(
            model_name="rollout",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["planned", "queued", "aborted"]), ("started_at__isnull", False), _connector="OR"
                ),
                name="under_way_is_started",
            ),
        ),
        migrations.AddConstraint(
            model_name="rollout",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "halted"), _negated=True),
                    models.Q(("halt_code", ""), _negated=True),
                    _connector="OR",
                ),
                name="halt_has_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="rollout",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("rollback", None), models.Q(("rollback", models.F("change_set")), _negated=True), _connector="OR"
                ),
                name="rollback_is_another_change",
            ),
        ),
        migrations.AddConstraint(
            model_name="ringmember",
            constraint=models.UniqueConstraint(fields=("rollout", "device"), name="computer_in_one_ring"),
        ),
        migrations.AddConstraint(
            model_name="ringmember",
            constraint=models.CheckConstraint(
                condition=models.Q(("written_at", None), ("released_at__isnull", False), _connector="OR"),
                name="only_released_is_written",
            ),
        ),
        migrations.AddConstraint(
            model_name="ring",
            constraint=models.UniqueConstraint(fields=("rollout", "number"), name="ring_number_once"),
        ),
        migrations.AddConstraint(
            model_name="ring",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "opening")), fields=("rollout",), name="one_ring_opens_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="ring",
            constraint=models.CheckConstraint(
                condition=models.Q(("share__gte", 1), ("share__lte", 100)), name="ring_share_is_a_percentage"
            ),
        ),
        migrations.AddConstraint(
            model_name="ring",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "skipped"), _negated=True),
                    models.Q(("reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="skipped_ring_has_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="calendaroverride",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("approved_by", None),
                    models.Q(("approved_by", models.F("requested_by")), _negated=True),
                    _connector="OR",
                ),
                name="override_takes_two_people",
            ),
        ),
        migrations.AddConstraint(
            model_name="calendaroverride",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("approved_at", None), ("approved_by", None)),
                    models.Q(("approved_at__isnull", False), ("approved_by__isnull", False)),
                    _connector="OR",
                ),
                name="override_is_approved_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="calendaroverride",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="override_has_a_reason"
            ),
        ),
    ]
