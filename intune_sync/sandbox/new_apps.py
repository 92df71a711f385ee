"""Apps that a client creates without content: winget packages, published after a while, and links, at once."""

from .apps import App
from .bodies import check_kinds
from .chance import guid, name_number
from .errors import GraphFault
from .installs import AppInstalls
from .tenant import AppSpec
from .world import Json, World

KINDS: dict[str, type | tuple[str, ...]] = {
    "displayName": str,
    "publisher": str,
    "description": str,
    "notes": str,
    "packageIdentifier": str,
    "appUrl": str,
    "installExperience": dict,
}
NEEDED = {"winGetApp": ("packageIdentifier", "installExperience"), "webApp": ("appUrl",)}


def create(world: World, body: Json, version: str) -> App:
    """Raises GraphFault when the body is refused."""
    kind = _kind(body, version)
    check_kinds(body, KINDS)
    for name in ("displayName", "publisher", *NEEDED[kind]):
        if not body.get(name):
            raise GraphFault(400, "BadRequest", f"The property '{name}' is required.")
    now = world.clock.now()
    identifier = guid(world.seed, "created app", len(world.catalogue.apps), body["displayName"])
    app = App(_spec(body, kind, identifier), name_number(identifier), now, now, notes=body.get("notes") or "")
    world.catalogue.apps[identifier] = app
    world.installs.by_app[identifier] = AppInstalls.of_size(len(world.fleet.devices))
    if app.spec.publishing_state != "published":
        world.life.plan_publishing(app, now)
    return app


def _kind(body: Json, version: str) -> str:
    kind = str(body.get("@odata.type", "")).removeprefix("#").removeprefix("microsoft.graph.")
    if kind not in NEEDED or (kind == "winGetApp" and version != "beta"):
        raise GraphFault(400, "BadRequest", "The annotation 'odata.type' is missing or names no type of app here.")
    return kind


def _spec(body: Json, kind: str, identifier: str) -> AppSpec:
    return AppSpec(
        id=identifier,
        display_name=body["displayName"],
        publisher=body["publisher"],
        version="1.0",
        type=kind,
        size_mb=0 if kind == "webApp" else 90,
        description=body.get("description") or "",
        assignments=[],
        publishing_state="published" if kind == "webApp" else "processing",
        package_identifier=body.get("packageIdentifier") or "",
        app_url=body.get("appUrl") or "",
    )
