"""Rows of another table carried along in a column, where a page would otherwise need one more query."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Model, QuerySet
from django.db.models.functions import JSONObject

Row = TypeVar("Row", bound=Model)


def embedded(rows: QuerySet[Row]) -> ArraySubquery:
    """For `annotate`: all the columns of `rows`, which name the outer row by `OuterRef`, in their order."""
    names = [field.attname for field in rows.model._meta.concrete_fields]
    return ArraySubquery(rows.values(columns=JSONObject(**{name: name for name in names})))


def revived(model: type[Row], carried: Iterable[dict[str, Any]]) -> list[Row]:
    """What `embedded` carried, as rows that must not be saved."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    return [model(**{name: fields[name].to_python(value) for name, value in columns.items()}) for columns in carried]
