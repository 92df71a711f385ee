"""The bugs: where each is, what stands there, what is planted instead, and which test has to fail for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WRITES = "tests/chaos/test_write_promises.py::"
DOOR = "tests/chaos/test_door_promises.py::"
READS = "tests/chaos/test_read_promises.py::"


@dataclass(frozen=True)
class Bug:
    """`old` stands in `file` so many `times`. `as_well`: where the portal looks twice, the second place and what it
    becomes."""

    name: str
    sentence: str
    file: str
    old: str
    new: str
    caught_by: str
    times: int = 1
    as_well: tuple[str, str] | None = None

    @contextmanager
    def planted(self, checkout: Path) -> Iterator[None]:
        path = checkout / self.file
        sound = path.read_text(encoding="utf-8")
        path.write_text(self.planted_in(sound), encoding="utf-8")
        yield
        path.write_text(sound, encoding="utf-8")

    def planted_in(self, text: str) -> str:
        """Raises ValueError when what is replaced does not stand there exactly so many times."""
        for old, new, times in ((self.old, self.new, self.times), *((*pair, 1) for pair in [self.as_well] if pair)):
            if (found := text.count(old)) != times:
                raise ValueError(f"{self.name}: what is replaced stands {found} times in {self.file}")
            text = text.replace(old, new)
        return text


BUGS = (
    Bug(
        "lease-not-checked",
        "A worker takes what another holds, whose lease has not run out.",
        "intune_sync/models/operations.py",
        "left = Q(status__in=Operation.HELD, lease_expires_at__lte=now)",
        "left = Q(status__in=Operation.HELD)",
        f"{WRITES}test_what_a_worker_holds_no_other_touches",
    ),
    Bug(
        "fence-ignored",
        "A worker goes on with what another has taken over.",
        "intune_sync/push/ledger.py",
        "fence=self.fence, ",
        "",
        f"{WRITES}test_a_worker_whose_work_another_has_taken_over_sends_nothing",
        times=3,
    ),
    Bug(
        "request-forgotten",
        "That a call is being made is stored, and not which one.",
        "intune_sync/push/sending.py",
        "lease.move(Status.SENDING, at(), request_hash=digest(body), sent_at=at(), waits=0, **columns)",
        "lease.move(Status.SENDING, at())",
        f"{WRITES}test_a_destructive_action_whose_answer_was_lost_is_not_sent_again[autopilotReset]",
    ),
    Bug(
        "destructive-sent-again",
        "A destructive action that is not to be seen is sent again like any other.",
        "intune_sync/push/action_work.py",
        "    elif lease.operation.is_destructive:\n        lease.fail(Problem.NEVER_SEEN, now)\n",
        "",
        f"{WRITES}test_a_destructive_action_that_never_arrived_is_not_sent_again[retire]",
    ),
    Bug(
        "epoch-ignored",
        "A database restored from a backup sends the destructive actions that it remembers as unsent.",
        "intune_sync/push/epochs.py",
        " and epoch.database == fingerprint() and _is_sealed(epoch) and not is_rewound()",
        "",
        f"{WRITES}test_a_restored_database_wipes_nothing",
    ),
    Bug(
        "switch-only-at-claim",
        "The kill switch stops new work and not what is claimed already.",
        "intune_sync/push/ledger.py",
        "allowed = mine.exclude(Exists(KillSwitch.objects.thrown())) if status == Status.SENDING else mine",
        "allowed = mine",
        f"{WRITES}test_the_switch_stops_what_is_claimed_already",
        as_well=('        if row["stopped"]:\n', "        if False:\n"),
    ),
    Bug(
        "posted-without-merge",
        "The portal's own entries are sent as the whole list.",
        "intune_sync/push/merge.py",
        "    write = [raw for raw in kept if raw is not None] + new\n",
        "    write = list(ours.values())\n",
        f"{WRITES}test_entries_of_others_are_in_every_list_that_is_sent[Inkscape]",
    ),
    Bug(
        "filters-dropped",
        "Lists are read from v1.0, which knows no filters, and sent back without them.",
        "intune_sync/push/lists.py",
        "client.pages(assignments_path(app_id), version=BETA)",
        'client.pages(assignments_path(app_id), version="v1.0")',
        f"{WRITES}test_entries_of_others_stay_as_they_are_with_their_filters",
    ),
    Bug(
        "tries-without-end",
        "What always breaks is tried for ever.",
        "intune_sync/push/ledger.py",
        "MOST_TRIES = 3",
        "MOST_TRIES = 1000",
        f"{WRITES}test_a_write_that_always_breaks_is_set_aside_after_three_tries",
    ),
    Bug(
        "import-not-in-doubt",
        "An import whose answer was lost is not looked for among Intune's records, and is sent again.",
        "intune_sync/push/import_work.py",
        "answer = send(lease, body, call, at, in_doubt=True, before=before)",
        "answer = send(lease, body, call, at, before=before)",
        f"{WRITES}test_an_import_whose_answer_was_lost_is_not_sent_again",
    ),
    Bug(
        "batch-errors-ignored",
        "The answer to a batch counts as the answer to each call in it.",
        "intune_sync/graph/batch.py",
        "    if status < 300:\n        return BatchAnswer(status, body, None, client_request_id, request_id)",
        "    if status < 600:\n        return BatchAnswer(status, body, None, client_request_id, request_id)",
        f"{WRITES}test_records_of_an_import_are_taken_away_though_some_deletions_fail",
    ),
    Bug(
        "sent-again-after-a-lost-answer",
        "A write that got no answer is sent again like a read.",
        "intune_sync/graph/client.py",
        "                if isinstance(error, AnswerLost):\n                    break\n",
        "",
        f"{WRITES}test_a_group_whose_answer_was_lost_is_created_once",
    ),
    Bug(
        "removed-without-ref",
        "A member is removed by a path that deletes the computer's own object.",
        "intune_sync/payloads/members.py",
        "members/{UUID(str(object_id))}/$ref",
        "members/{UUID(str(object_id))}",
        f"{WRITES}test_a_computer_that_leaves_a_group_stays_in_the_directory",
    ),
    Bug(
        "retry-after-ignored",
        "The portal waits for a second at most, and not as long as Graph asked.",
        "intune_sync/graph/waits.py",
        "            return max(0.0, seconds)\n",
        "            return max(0.0, min(1.0, seconds))\n",
        f"{DOOR}test_nothing_is_asked_before_the_time_that_graph_named[4.5]",
    ),
    Bug(
        "token-not-renewed",
        "A token that Graph refuses is used on.",
        "intune_sync/graph/client.py",
        "                self._tokens.forget(token)\n",
        "",
        f"{DOOR}test_a_token_that_is_refused_in_the_middle_is_renewed",
    ),
    Bug(
        "breaker-never-closes",
        "Calls that paused are not taken up again.",
        "intune_sync/graph/breaker.py",
        "            raise self._open() from error\n        self._close()\n",
        "            raise self._open() from error\n        raise self._open()\n",
        f"{DOOR}test_work_goes_on_by_itself_when_graph_is_back",
    ),
    Bug(
        "budget-open-without-redis",
        "Without Redis there is no limit.",
        "intune_sync/graph/budget.py",
        "        return self._ask_alone(wanted)\n",
        "        return 0.0\n",
        f"{DOOR}test_without_redis_nothing_is_written_freely",
    ),
    Bug(
        "empty-page-is-the-end",
        "A page without rows counts as the last.",
        "intune_sync/graph/client.py",
        "            url, params = next_link(body, seen), None\n",
        '            url, params = next_link(body, seen) if body["value"] else "", None\n',
        f"{READS}test_an_empty_page_is_not_the_end",
    ),
    Bug(
        "no-brake",
        "Whatever an answer lacks is believed to be gone.",
        "intune_sync/pull/guard.py",
        "    if absent > 1 and (absent > MOST_COMPUTERS or absent > SHARE_OF_COMPUTERS * known):",
        "    if absent > known:",
        f"{READS}test_computers_that_half_an_answer_lacks_are_not_missing[0.5]",
    ),
    Bug(
        "link-moved-before-the-rows",
        "The place from which changes are asked for moves before they are stored.",
        "intune_sync/pull/groups.py",
        "    changes = read_changes(pull, delta_link(pull.run.resource))\n",
        "    changes = read_changes(pull, delta_link(pull.run.resource))\n    move_link(pull, changes.link)\n",
        f"{READS}test_what_changed_before_a_run_that_failed_is_told_by_the_next",
    ),
)
