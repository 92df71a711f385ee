"""Graph's field names, each named here once, and what they become in our rows."""

from intune_sync.payloads.assignments import (
    AssignmentRow,
    assign_body,
    assign_path,
    assignment_for,
    assignment_key,
    assignment_row,
    assignments_path,
    target_type,
)
from intune_sync.payloads.values import known, parse_date, parse_id, text

__all__ = [
    "AssignmentRow",
    "assign_body",
    "assign_path",
    "assignment_for",
    "assignment_key",
    "assignment_row",
    "assignments_path",
    "known",
    "parse_date",
    "parse_id",
    "target_type",
    "text",
]
