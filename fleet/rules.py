import rules

from schools.rules import reader_of

rules.add_perm("fleet.view_device", reader_of("fleet.view_device"))
