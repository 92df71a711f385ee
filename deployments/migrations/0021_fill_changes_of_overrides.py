"""An exception from the calendar belongs to the change that its roll-out carries out."""

from typing import Any

from django.db import migrations
from django.db.models import OuterRef, Subquery


def name_the_changes(apps: Any, _editor: Any) -> None:
    rollouts = apps.get_model("deployments", "Rollout").objects.filter(pk=OuterRef("rollout"))
    overrides = apps.get_model("deployments", "CalendarOverride").objects
    overrides.update(change_set=Subquery(rollouts.values("change_set")[:1]))


def name_the_rollouts(apps: Any, _editor: Any) -> None:
    """What was said of changes without a roll-out had no place before."""
    rollouts = apps.get_model("deployments", "Rollout").objects.filter(change_set=OuterRef("change_set"))
    overrides = apps.get_model("deployments", "CalendarOverride").objects
    overrides.filter(kind="at_once").delete()
    overrides.update(rollout=Subquery(rollouts.values("pk")[:1]))
    overrides.filter(rollout=None).delete()


class Migration(migrations.Migration):
    dependencies = [("deployments", "0020_overrides_of_changes")]

    operations = [migrations.RunPython(name_the_changes, name_the_rollouts)]
