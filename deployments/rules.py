"""Who may do what in this room. Reading follows `schools.access.READERS`; each row is also kept to `visible_to`."""

from __future__ import annotations

import rules

from schools.rules import is_it_admin, reader_of

for verb in ("view_application", "view_licence", "view_baseline", "view_draft", "view_changeset"):
    rules.add_perm(f"deployments.{verb}", reader_of(f"deployments.{verb}"))

rules.add_perm("deployments.edit_application", is_it_admin)
rules.add_perm("deployments.edit_baseline", is_it_admin)
rules.add_perm("deployments.propose_change", is_it_admin)
rules.add_perm("deployments.approve_changeset", is_it_admin)
rules.add_perm("deployments.cancel_changeset", is_it_admin)
rules.add_perm("deployments.apply_changeset", is_it_admin)
