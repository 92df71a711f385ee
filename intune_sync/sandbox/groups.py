"""Entra groups and their members; dynamic ones by rule."""

from dataclasses import dataclass, field

from .chance import guid, name_number, unit
from .clock import Clock
from .devices import RULE_ATTRIBUTES, Device
from .fleet import Fleet
from .membership import MemberLog
from .rules import Rule, parse_rule
from .tenant import Tenant

EVERY_COMPUTER = '(device.devicePhysicalIds -any (_ -contains "[ZTDId]")) or (device.deviceOSType -eq "MacMDM")'


@dataclass(slots=True)
class Group:
    """`members` are ordinals of devices. A dynamic group has a rule and refuses to be written."""

    id: str
    display_name: str
    mail_nickname: str
    description: str | None
    created_at: float
    membership_rule: str | None = None
    members: set[int] = field(default_factory=set)

    @property
    def is_dynamic(self) -> bool:
        return self.membership_rule is not None


class Directory:
    def __init__(self, groups: list[Group]) -> None:
        self.groups = {group.id: group for group in groups}
        self.listed = list(groups)
        self.deleted: dict[str, Group] = {}
        self.purged: dict[str, Group] = {}
        self.log = MemberLog()
        self.written_at: dict[str, float] = {}
        self.clock: Clock | None = None
        self._rules: dict[str, Rule] = {}

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__ | {"_rules": {}, "clock": None}

    def put_members(self, group: Group, members: set[int]) -> None:
        self.log.record(group.id, group.members, members, self._now())
        group.members = members

    def _now(self) -> float:
        return self.clock.now() if self.clock else 0.0

    def remove(self, group: Group) -> None:
        self.put_members(group, set())
        self.listed.remove(group)
        self.deleted[group.id] = self.groups.pop(group.id)

    def add(self, group: Group) -> None:
        """Raises RuleError when the membership rule cannot be read. The members come later."""
        if group.membership_rule is not None:
            parse_rule(group.membership_rule, RULE_ATTRIBUTES)
        self.groups[group.id] = group
        self.listed.append(group)

    def by_name(self, name: str) -> Group:
        return next(group for group in self.listed if name in (group.display_name, group.mail_nickname))

    def set_rule(self, group: Group, rule: str) -> None:
        """Raises RuleError. Members follow at the next evaluation."""
        parse_rule(rule, RULE_ATTRIBUTES)
        group.membership_rule = rule

    def populate(self, group: Group, fleet: Fleet) -> None:
        """Evaluate one dynamic group over the whole fleet."""
        rule = self._rule(group)
        self.put_members(group, {device.ordinal for device in fleet.entra if rule(device.facts())})

    def populate_all(self, fleet: Fleet) -> None:
        dynamic = [(group, self._rule(group)) for group in self.listed if group.is_dynamic]
        for device in fleet.devices:
            facts = device.facts()
            for group, rule in dynamic:
                if rule(facts):
                    group.members.add(device.ordinal)

    def evaluate(self, device: Device) -> None:
        """Bring one device's memberships of dynamic groups up to date."""
        facts = device.facts()
        for group in self.listed:
            if group.is_dynamic and self._rule(group)(facts) != (device.ordinal in group.members):
                group.members ^= {device.ordinal}
                self.log.note(group.id, device.ordinal, added=device.ordinal in group.members, at=self._now())

    def _rule(self, group: Group) -> Rule:
        text = group.membership_rule or ""
        if text not in self._rules:
            self._rules[text] = parse_rule(text, RULE_ATTRIBUTES)
        return self._rules[text]


def make_directory(tenant: Tenant, seed: int, fleet: Fleet, now: float) -> Directory:
    """A group for all, one per school form, one per school, and the tenant's own static ones, with members."""
    created_at = float(int(now)) - 900 * 86400.0

    def group(name: str, nickname: str, description: str, rule: str | None = None) -> Group:
        return Group(guid(seed, "group", nickname), name, nickname, description, created_at, rule)

    groups = [group("Alla skoldatorer", "terminsklar-all", "Alla datorer i skolorna.", EVERY_COMPUTER)]
    for form in tenant.school_forms:
        code, prefix = form["code"], form["group_tag_prefix"]
        text = _tag_rule("-startsWith", prefix)
        groups.append(group(f"Skolform {code}", f"terminsklar-form-{code}", f"Grupptagg {prefix}…", text))
    for school in tenant.schools:
        nickname = f"terminsklar-school-{school.group_tag.lower()}"
        groups.append(group(school.name, nickname, school.school_unit_code, _tag_rule("-eq", school.group_tag)))
    directory = Directory(groups)
    directory.populate_all(fleet)
    for extra in tenant.groups:
        static = group(extra["name"], extra["mail_nickname"], extra["description"])
        static.members = _drawn(fleet, seed, extra["mail_nickname"], extra["share"], extra["platform"])
        directory.add(static)
    return directory


def _tag_rule(operator: str, tag: str) -> str:
    return (
        f'(device.devicePhysicalIds -any (_ {operator} "[OrderID]:{tag}"))'
        f' or (device.enrollmentProfileName {operator} "{tag}")'
    )


def _drawn(fleet: Fleet, seed: int, name: str, share: float, platform: str) -> set[int]:
    """About `share` of the fleet, but at least three (or all there are) of the platform."""
    eligible = [device.ordinal for device in fleet.devices if device.model.platform == platform]
    place = name_number(name)
    eligible.sort(key=lambda ordinal: unit(seed, place, ordinal))
    return set(eligible[: max(3, round(share * len(fleet.devices)))])
