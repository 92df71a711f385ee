"""Enrolment attempts as Autopilot's history has them: when, how long each part took, and where it failed."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .chance import between, guid, unit
from .clock import DAY, graph_date
from .devices import Device

Json = dict[str, Any]

NOTHING = "00000000-0000-0000-0000-000000000000"
NOBODY = "nobody@ekestad.example"
PAST_FAILURE_RATE = 0.1
STATUS_PAGE = "Elevdatorer, väntar på program"
JOIN, DEVICE_SETUP, ACCOUNT_SETUP = "join", "device_setup", "account_setup"
# step at which it fails, and what the computer says
FAILURES = (
    (JOIN, "0x801c0003: The computer could not join Entra."),
    (DEVICE_SETUP, "0x800705b4: Security policies timed out."),
    (DEVICE_SETUP, "0x87d1041c: An app could not be found after it was installed."),
    (DEVICE_SETUP, "0x80070774: The network was lost."),
    (ACCOUNT_SETUP, "0x80180014: {user} may not enrol this computer."),
)


@dataclass(slots=True)
class Attempt:
    """How it ends is known from the beginning, and told when `ended_at` has come. `failure` is a place in FAILURES."""

    id: str
    device: Device
    started_at: float
    ended_at: float
    profile: str
    failure: int | None = None
    intune_id: str = ""
    is_retry: bool = False

    @property
    def failed_step(self) -> str:
        return "" if self.failure is None else FAILURES[self.failure][0]

    @property
    def failure_text(self) -> str:
        """It may name a person, as Intune's own does."""
        user = self.device.user_principal_name or NOBODY
        return "" if self.failure is None else FAILURES[self.failure][1].format(user=user)

    def state(self, now: float) -> str:
        if now < self.ended_at:
            return "inProgress"
        if self.failure is not None:
            return "failure"
        return "successOnRetry" if self.is_retry else "success"

    def step_state(self, step: str, now: float) -> str:
        """`device_setup` or `account_setup`: a step after the failed one was not attempted."""
        if now < self.ended_at:
            return "inProgress" if step == DEVICE_SETUP else "notAttempted"
        if self.failure is None:
            return "success"
        order = (JOIN, DEVICE_SETUP, ACCOUNT_SETUP)
        failed, asked = order.index(self.failed_step), order.index(step)
        return "failure" if asked == failed else "success" if asked < failed else "notAttempted"

    def step_seconds(self, step: str, now: float) -> float:
        share = {"success": 0.62, "failure": 0.55}.get(self.step_state(step, now), 0.0)
        return (self.ended_at - self.started_at) * (share if step == DEVICE_SETUP else share / 4)

    def seconds(self, now: float) -> float:
        return 0.0 if now < self.ended_at else self.ended_at - self.started_at


@dataclass(slots=True)
class Attempts:
    """Those since the start in the order of their beginnings; earlier ones are made from the computers when asked for.

    `counts` has the attempts kept by the computer's ordinal, the earlier ones included once it enrols anew.
    """

    seed: int
    began_at: float
    first_profile: str
    listed: list[Attempt] = field(default_factory=list)
    counts: Counter[int] = field(default_factory=Counter)

    def begin(self, device: Device, at: float, seconds: float, profile: str, rate: float) -> Attempt:
        """The computer starts to enrol; it fails with the chance `rate`."""
        if not self.counts[device.ordinal]:
            past = list(self._past(device))
            self.listed += past
            self.counts[device.ordinal] += len(past)
        self.counts[device.ordinal] += 1
        number = self.counts[device.ordinal]
        fails = unit(self.seed, 90, device.ordinal, number) < rate
        failure = int(unit(self.seed, 91, device.ordinal, number) * len(FAILURES)) if fails else None
        started, ended = float(int(at)), float(int(at + seconds * (0.6 if fails else 1)))
        attempt = Attempt(self._id(device, number), device, started, ended, profile, failure)
        attempt.is_retry = any(each.failure is not None for each in self._last(device))
        self.listed.append(attempt)
        return attempt

    def succeeded(self, device: Device) -> None:
        """The latest attempt of the computer led to its Intune record."""
        for latest in self._last(device):
            latest.intune_id = device.intune_id or ""

    def remembered(self, devices: Iterable[Device], now: float, days: float) -> list[Attempt]:
        """In the order of their beginnings."""
        oldest = now - days * DAY
        untouched = (each for each in devices if each.enrolled_at >= oldest and not self.counts[each.ordinal])
        found = [attempt for device in untouched for attempt in self._past(device)]
        found += self.listed
        return sorted((each for each in found if each.started_at >= oldest), key=lambda each: each.started_at)

    def _last(self, device: Device) -> list[Attempt]:
        """The latest attempt that is kept, if there is one."""
        latest = next((each for each in reversed(self.listed) if each.device is device), None)
        return [latest] if latest else []

    def _past(self, device: Device) -> Iterator[Attempt]:
        """The enrolment before the start that lasted, after one that failed for a share of the computers."""
        if device.is_mac or not 0 < device.enrolled_at <= self.began_at:
            return
        place, ended = device.ordinal, device.enrolled_at
        seconds = between(700, 3200, self.seed, 92, place)
        fails = unit(self.seed, 90, place) < PAST_FAILURE_RATE
        if fails:
            failure = int(unit(self.seed, 91, place) * len(FAILURES))
            began = float(int(ended - 3 * seconds))
            yield Attempt(self._id(device, 1), device, began, float(int(began + seconds)), self.first_profile, failure)
        number = 1 + fails
        began = float(int(ended - seconds))
        intune_id = device.intune_id or ""
        yield Attempt(self._id(device, number), device, began, ended, self.first_profile, None, intune_id, fails)

    def _id(self, device: Device, number: int) -> str:
        return guid(self.seed, "attempt", device.ordinal, number)


def iso_duration(seconds: float) -> str:
    hours, rest = divmod(round(seconds), 3600)
    minutes, left = divmod(rest, 60)
    parts = [f"{count}{unit_name}" for count, unit_name in ((hours, "H"), (minutes, "M"), (left, "S")) if count]
    return "PT" + ("".join(parts) or "0S")


def event_json(attempt: Attempt, now: float) -> Json:
    """A `deviceManagementAutopilotEvent`."""
    device = attempt.device
    told = now >= attempt.ended_at
    return {
        "id": attempt.id,
        "deviceId": attempt.intune_id or NOTHING,
        "eventDateTime": graph_date(attempt.ended_at if told else attempt.started_at),
        "deviceRegisteredDateTime": graph_date(device.registered_at),
        "enrollmentStartDateTime": graph_date(attempt.started_at),
        "enrollmentType": "azureADJoinedUsingDeviceAuthWithAutopilotProfile",
        "deviceSerialNumber": device.serial,
        "managedDeviceName": device.name,
        "userPrincipalName": device.user_principal_name,
        "userId": device.user_id,
        "windowsAutopilotDeploymentProfileDisplayName": attempt.profile,
        "enrollmentState": enrollment_state(attempt, now),
        "windows10EnrollmentCompletionPageConfigurationDisplayName": STATUS_PAGE,
        "windows10EnrollmentCompletionPageConfigurationId": None,
        "deploymentState": attempt.state(now),
        "deviceSetupStatus": attempt.step_state(DEVICE_SETUP, now),
        "accountSetupStatus": attempt.step_state(ACCOUNT_SETUP, now),
        "osVersion": device.os_version,
        "deploymentDuration": iso_duration(attempt.seconds(now)),
        "deploymentTotalDuration": iso_duration(attempt.seconds(now)),
        "deviceSetupDuration": iso_duration(attempt.step_seconds(DEVICE_SETUP, now)),
        "accountSetupDuration": iso_duration(attempt.step_seconds(ACCOUNT_SETUP, now)),
        "deploymentStartDateTime": graph_date(attempt.started_at),
        "deploymentEndDateTime": graph_date(attempt.ended_at if told else 0.0),
        "enrollmentFailureDetails": (attempt.failure_text or None) if told else None,
    }


def enrollment_state(attempt: Attempt, now: float) -> str:
    if now < attempt.ended_at:
        return "unknown"
    return "enrolled" if attempt.failure is None else "failed"
