"""Enrolment attempts as Autopilot's history has them: when, how long each part took, and where it failed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .chance import between, guid, unit
from .clock import DAY, graph_date
from .devices import Device

Json = dict[str, Any]

HISTORY_SECONDS = 30 * DAY
STATUS_PAGE = "Elevdatorer, väntar på program"
JOIN, DEVICE_SETUP, ACCOUNT_SETUP = "join", "device_setup", "account_setup"
# step at which it fails, and what the computer says
FAILURES = (
    (JOIN, "0x801c0003: The computer could not join Entra."),
    (DEVICE_SETUP, "0x800705b4: Security policies timed out."),
    (DEVICE_SETUP, "0x87d1041c: An app could not be found after it was installed."),
    (DEVICE_SETUP, "0x80070774: The network was lost."),
    (ACCOUNT_SETUP, "0x80180014: The user may not enrol this computer."),
)


@dataclass(slots=True)
class Attempt:
    """How it ends is known from the beginning, and told when `ended_at` has come. `failure` is a place in FAILURES."""

    id: str
    device: Device
    started_at: float
    ended_at: float
    profile: str
    number: int
    failure: int | None = None

    def state(self, now: float) -> str:
        if now < self.ended_at:
            return "inProgress"
        if self.failure is not None:
            return "failure"
        return "successOnRetry" if self.number > 1 else "success"

    def step_state(self, step: str, now: float) -> str:
        """`device_setup` or `account_setup`: a step after the failed one was not attempted."""
        if now < self.ended_at:
            return "inProgress" if step == DEVICE_SETUP else "notAttempted"
        if self.failure is None:
            return "success"
        order = (JOIN, DEVICE_SETUP, ACCOUNT_SETUP)
        failed, asked = order.index(FAILURES[self.failure][0]), order.index(step)
        return "failure" if asked == failed else "success" if asked < failed else "notAttempted"

    def step_seconds(self, step: str, now: float) -> float:
        share = {"success": 0.62, "failure": 0.55}.get(self.step_state(step, now), 0.0)
        return (self.ended_at - self.started_at) * (share if step == DEVICE_SETUP else share / 4)

    def seconds(self, now: float) -> float:
        return 0.0 if now < self.ended_at else self.ended_at - self.started_at


@dataclass(slots=True)
class Attempts:
    """In the order of their beginnings."""

    seed: int
    listed: list[Attempt] = field(default_factory=list)
    counts: Counter[int] = field(default_factory=Counter)

    def begin(self, device: Device, at: float, seconds: float, profile: str, rate: float) -> Attempt:
        """The computer starts to enrol; it fails with the chance `rate`."""
        self.counts[device.ordinal] += 1
        number = self.counts[device.ordinal]
        fails = unit(self.seed, 90, device.ordinal, number, device.enrolments) < rate
        failure = int(unit(self.seed, 91, device.ordinal, number) * len(FAILURES)) if fails else None
        attempt = Attempt(
            guid(self.seed, "attempt", device.ordinal, number, int(at)),
            device,
            float(int(at)),
            float(int(at + seconds * (0.6 if fails else 1))),
            profile,
            number,
            failure,
        )
        self.listed.append(attempt)
        return attempt

    def remembered(self, now: float, days: float) -> list[Attempt]:
        return [attempt for attempt in self.listed if attempt.started_at >= now - days * DAY]


def past_attempts(devices: Iterable[Device], seed: int, now: float, profile: str) -> Attempts:
    """What Autopilot still remembers of the enrolments before the start; some needed a second attempt."""
    attempts = Attempts(seed)
    recent = (each for each in devices if each.autopilot_id and each.enrolled_at > now - HISTORY_SECONDS)
    for device in sorted(recent, key=lambda each: each.enrolled_at):
        seconds = between(700, 3200, seed, 92, device.ordinal)
        started = device.enrolled_at - seconds
        first = attempts.begin(device, started - 2 * seconds, seconds, profile, 0.06)
        if first.failure is None:
            first.started_at, first.ended_at = float(int(started)), device.enrolled_at
        else:
            attempts.begin(device, started, seconds, profile, 0.0)
    return attempts


def iso_duration(seconds: float) -> str:
    hours, rest = divmod(round(seconds), 3600)
    minutes, left = divmod(rest, 60)
    parts = [f"{count}{unit_name}" for count, unit_name in ((hours, "H"), (minutes, "M"), (left, "S")) if count]
    return "PT" + ("".join(parts) or "0S")


def event_json(attempt: Attempt, now: float) -> Json:
    """A `deviceManagementAutopilotEvent`."""
    device, failure = attempt.device, attempt.failure
    told = now >= attempt.ended_at
    return {
        "id": attempt.id,
        "deviceId": device.entra_device_id,
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
        "enrollmentFailureDetails": FAILURES[failure][1] if told and failure is not None else None,
    }


def enrollment_state(attempt: Attempt, now: float) -> str:
    if now < attempt.ended_at:
        return "unknown"
    return "enrolled" if attempt.failure is None else "failed"
