"""Apps that a client creates without content: winget packages, published after a while, and links, at once."""

from dataclasses import replace

from .app_acts import READ_ONLY, check_like, put_app
from .app_json import app_json
from .apps import BETA_ONLY_TYPES, App
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
NOT_WRITTEN = (READ_ONLY - {"fileName"}) | {"committedContentVersion", "@odata.type"}
PUBLISHING = switch("publishing", "works", "Whether packages that clients create are ever published.", "works", "stuck")
NEEDED = {
    "winGetApp": ("packageIdentifier", "installExperience"),
    "webApp": ("appUrl",),
    "win32LobApp": ("fileName", "installCommandLine", "uninstallCommandLine"),
    "macOSPkgApp": ("fileName", "primaryBundleId"),
    "macOSDmgApp": ("fileName", "primaryBundleId"),
}
WITH_CONTENT = ("win32LobApp", "macOSPkgApp", "macOSDmgApp")  # published when their content has been committed


def create(world: World, body: Json, version: str, actor: Actor) -> App:
    """Raises GraphFault when the body is refused."""
    kind = _kind(body, version)
    check_kinds(body, KINDS)
    for name in ("displayName", "publisher", *NEEDED[kind]):
        if not body.get(name):
            raise GraphFault(400, "BadRequest", f"The property '{name}' is required.")
    spec, now = _spec(body, kind), world.clock.now()
    shown = app_json(App(spec, 0, now, now), version, now)
    extra = {name: body[name] for name in EXTRA if body.get(name) is not None}
    for name in shown.keys() & body.keys() - KINDS.keys() - NOT_WRITTEN:
        check_like(name, body[name], shown)
        extra[name] = body[name]
    app = put_app(world, spec, actor, notes=body.get("notes") or "", extra=extra)
    if app.spec.publishing_state == "processing":
        start_publishing(world, app)
    return app


def start_publishing(world: World, app: App) -> None:
    app.spec = replace(app.spec, publishing_state="processing")
    if world.settings[PUBLISHING] == "works":
        world.life.plan_publishing(app, world.clock.now())


def _kind(body: Json, version: str) -> str:
    kind = str(body.get("@odata.type", "")).removeprefix("#").removeprefix("microsoft.graph.")
    if kind not in NEEDED or (kind in BETA_ONLY_TYPES and version != "beta"):
        raise GraphFault(400, "BadRequest", "The annotation 'odata.type' is missing or names no type of app here.")
    return kind


def _first_state(kind: str) -> str:
    if kind in WITH_CONTENT:
        return "notPublished"
    return "published" if kind == "webApp" else "processing"


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
        publishing_state=_first_state(kind),
        bundle_id=body.get("primaryBundleId") or "",
        package_identifier=body.get("packageIdentifier") or "",
        app_url=body.get("appUrl") or "",
    )
