"""How installations end, by app, computer model and attempt; and what had happened before the sandbox started."""

from .apps import App, Catalogue
from .chance import between, unit
from .clock import DAY
from .devices import Device
from .fleet import Fleet
from .groups import Directory
from .installs import AppInstalls, Installs, State

RECOVERS = 0.15  # per further attempt on a computer where the first one failed
USUAL_ERRORS = (-2016345061, -2016330908, -2147009281, 1603)


def attempt_fails(seed: int, app: App, device: Device, attempt: int) -> bool:
    """A computer is prone to fail with an app or is not; a prone one may recover from the second attempt on."""
    if unit(seed, 60, device.ordinal, app.number) >= app.failure_rate(device):
        return False
    return attempt < 2 or unit(seed, 61, device.ordinal, app.number, attempt) >= RECOVERS


def error_of(seed: int, app: App, ordinal: int) -> int:
    codes = [int(item["code"]) for item in app.spec.error_codes] or list(USUAL_ERRORS)
    return codes[int(unit(seed, 62, ordinal, app.number) ** 2 * len(codes))]


def error_detail(app: App, code: int) -> str:
    known = {int(item["code"]): str(item["detail"]) for item in app.spec.error_codes}
    return known.get(code, "Installationen misslyckades." if code else "")


def write_history(
    seed: int, fleet: Fleet, directory: Directory, catalogue: Catalogue, *, installs: Installs, now: float
) -> None:
    """The state that months of ordinary life with the initial assignments have left."""
    for device in fleet.devices:
        if device.intune_id:
            for app_id, intent in catalogue.intents(device, directory).items():
                _settle(seed, device, catalogue.apps[app_id], intent, installs=installs.by_app[app_id], now=now)


def _settle(seed: int, device: Device, app: App, intent: str, *, installs: AppInstalls, now: float) -> None:
    place = device.ordinal
    newest = device.last_sync_at
    oldest = max(device.enrolled_at, newest - 120 * DAY)
    at = float(int(between(oldest, newest, seed, 63, place, app.number)))
    if not app.fits(device):
        installs.put(place, State.NOT_APPLICABLE, at)
        return
    if intent != "required" and (app.spec.type != "win32LobApp" or unit(seed, 64, place, app.number) > 0.15):
        if app.spec.type == "win32LobApp":
            installs.put(place, State.NOT_INSTALLED, at)
        return
    if unit(seed, 65, place, app.number) < (0.04 if device.offline_until > now else 0.003):
        installs.put(place, State.PENDING, at)
        return
    attempts = next((number for number in (1, 2, 3) if not attempt_fails(seed, app, device, number)), 0)
    installs.attempts[place] = attempts or 3
    if attempts:
        installs.present[place] = 1
        installs.put(place, State.INSTALLED, at)
    else:
        installs.put(place, State.FAILED, at, error_of(seed, app, place))
