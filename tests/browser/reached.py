"""Whom a roll-out has reached, as Microsoft's side knows it: by the sandbox's record of calls."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from tests.browser.conftest import Demo

ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
GROUP, LIST = re.compile(rf"/v1\.0/groups/({ID})"), re.compile(rf"/beta/deviceAppManagement/mobileApps/({ID})/assign")
MEMBER = re.compile(rf"directoryObjects/({ID})")
ASKING = ("/$batch", "/exportJobs")
"""Posts that change nothing by themselves: what a batch holds has entries of its own."""


@dataclass(frozen=True)
class Written:
    """Every write since call number `since`, carried out or refused. Raises AssertionError where one is neither to a
    group nor to an app's list of assignments."""

    demo: Demo
    since: int

    def calls(self) -> list[dict[str, Any]]:
        calls = [call for call in self.demo.sandbox(f"ledger?since={self.since}") if call["method"] != "GET"]
        writes = [call for call in calls if not call["path"].endswith(ASKING)]
        strange = [call for call in writes if not call["path"].startswith("/v1.0/groups") and not _app(call)]
        assert strange == []
        return writes

    def computers(self) -> set[str]:
        """All that a call has put into a group or taken out of one, as directory objects."""
        said = (
            f"{call['path'].replace('/members/', '/directoryObjects/')} {json.dumps(call['body'])}"
            for call in self.calls()
        )
        return {found for each in said for found in MEMBER.findall(each)}

    def groups(self) -> set[str]:
        """All whose members a call has changed."""
        return {found[1] for call in self.calls() if (found := GROUP.match(call["path"]))}

    def lists(self) -> dict[str, list[list[dict[str, Any]]]]:
        """By app the lists that were written, in order."""
        found: dict[str, list[list[dict[str, Any]]]] = {}
        for call in self.calls():
            if app := _app(call):
                found.setdefault(app, []).append(call["body"]["mobileAppAssignments"])
        return found


def _app(call: dict[str, Any]) -> str:
    found = LIST.fullmatch(call["path"])
    return found[1] if found else ""


def aims(assignments: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """Of each assignment its intent, whether it includes or excludes, and the group."""
    return {
        (each["intent"], each["target"]["@odata.type"].rpartition(".")[2], each["target"].get("groupId", ""))
        for each in assignments
    }


def rows(demo: Demo, path: str) -> list[dict[str, Any]]:
    """All pages of a list of the API."""
    page = demo.api(f"{path}?page_size=1000")
    found = page["results"]
    while page["next"]:
        page = demo.api(page["next"].removeprefix(f"{demo.info['api_url']}/"))
        found += page["results"]
    return list(found)


def let_in(demo: Demo, rollout: str) -> set[str]:
    """The computers of a roll-out (its path in the API) that have been let in, as directory objects."""
    autopilot = {row["id"]: row["autopilot_id"] for row in rows(demo, "devices/")}
    members = [row["device"] for row in rows(demo, f"{rollout}computers/") if row["released_at"]]
    return {demo.sandbox("devices", {"id": autopilot[each]})["entra_object_id"] for each in members}
