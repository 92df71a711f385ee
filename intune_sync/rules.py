"""Who may do what in this room. Reading follows `schools.access.READERS`."""

import rules

from schools.rules import is_it_admin, reader_of

rules.add_perm("intune_sync.view_syncrun", reader_of("intune_sync.view_syncrun"))
rules.add_perm("intune_sync.view_drift", reader_of("intune_sync.view_drift"))
rules.add_perm("intune_sync.handle_drift", is_it_admin)
rules.add_perm("intune_sync.start_sync", is_it_admin)
rules.add_perm("intune_sync.release_sync", is_it_admin)
rules.add_perm("intune_sync.stop_writes", is_it_admin)
rules.add_perm("intune_sync.release_operation", is_it_admin)
rules.add_perm("intune_sync.import_computers", is_it_admin)
rules.add_perm("intune_sync.mark_identity", is_it_admin)
rules.add_perm("intune_sync.order_action", is_it_admin)
