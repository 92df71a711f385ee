"""Apps that a client creates without content: winget packages, published after a while, and links, at once."""

from .app_acts import put_app
from .apps import App
from .audit import Actor
from .bodies import check_kinds
from .errors import GraphFault
from .switches import switch
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
    "owner": str,
    "developer": str,
    "informationUrl": str,
    "privacyInformationUrl": str,
    "isFeatured": bool,
}
EXTRA = ("owner", "developer", "informationUrl", "privacyInformationUrl", "isFeatured", "installExperience")
PUBLISHING = switch("publishing", "works", "Whether packages that clients create are ever published.", "works", "stuck")
NEEDED = {"winGetApp": ("packageIdentifier", "installExperience"), "webApp": ("appUrl",)}


def create(world: World, body: Json, version: str, actor: Actor) -> App:
    """Raises GraphFault when the body is refused."""
    kind = _kind(body, version)
    check_kinds(body, KINDS)
    for name in ("displayName", "publisher", *NEEDED[kind]):
        if not body.get(name):
            raise GraphFault(400, "BadRequest", f"The property '{name}' is required.")
    extra = {name: body[name] for name in EXTRA if body.get(name) is not None}
    app = put_app(world, _spec(body, kind), actor, notes=body.get("notes") or "", extra=extra)
    if app.spec.publishing_state != "published" and world.settings[PUBLISHING] == "works":
        world.life.plan_publishing(app, world.clock.now())
    return app


def _kind(body: Json, version: str) -> str:
    kind = str(body.get("@odata.type", "")).removeprefix("#").removeprefix("microsoft.graph.")
    if kind not in NEEDED or (kind == "winGetApp" and version != "beta"):
        raise GraphFault(400, "BadRequest", "The annotation 'odata.type' is missing or names no type of app here.")
    return kind


def _spec(body: Json, kind: str) -> AppSpec:
    return AppSpec(
        id="",
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
