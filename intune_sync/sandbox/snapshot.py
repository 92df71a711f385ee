"""The world on disk, so that a restarted demo finds its tenant as it left it."""

import asyncio
import hashlib
import logging
import pickle
import time
from pathlib import Path
from typing import Any

from .clock import Clock
from .files import write_private
from .life import Life
from .tenant import Tenant
from .views import Views
from .world import World

log = logging.getLogger("sandbox")

EVERY_SECONDS = 30.0
FORMAT = 5


class Snapshot:
    """`identity` names what the stored world was made from; a stored world of another identity is not used."""

    def __init__(self, state_dir: Path, tenant: Tenant, seed: int, devices: int) -> None:
        self.path = state_dir / "world.pickle"
        digest = hashlib.sha256(repr(tenant).encode()).hexdigest()
        self.identity = (FORMAT, digest, seed, devices)

    def load(self, clock: Clock, pace: float) -> World | None:
        """The stored world, its clock continued; None when there is none that fits."""
        try:
            # The file is the sandbox's own, readable by its owner alone.
            identity, parts = pickle.loads(self.path.read_bytes())  # noqa: S301
        except FileNotFoundError:
            return None
        except Exception:
            log.warning("The stored state in %s cannot be read; starting fresh.", self.path)
            return None
        if identity != self.identity:
            log.warning("The stored state in %s was made with other settings; starting fresh.", self.path)
            return None
        return _restored(parts, clock, pace)

    def save(self, world: World) -> None:
        started = time.perf_counter()
        content = pickle.dumps((self.identity, _parts(world)), protocol=5)
        write_private(self.path, content)
        log.debug("Stored %d bytes in %.0f ms.", len(content), 1000 * (time.perf_counter() - started))

    async def save_for_ever(self, world: World) -> None:
        """Whenever something has happened since; what leaves no event is stored at the end."""
        stored: tuple[int, ...] = ()
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            happened = (world.life.sequence, world.audit.written, len(world.directory.listed))
            try:
                if happened != stored:
                    self.save(world)
                    stored = happened
            except OSError as error:
                log.error("The state cannot be stored: %s.", error)


def _parts(world: World) -> dict[str, Any]:
    """Everything but encoded views and the clock, of which only the offset is kept."""
    return {
        "offset": world.clock.offset,
        "tenant": world.tenant,
        "seed": world.seed,
        "fleet": world.fleet,
        "directory": world.directory,
        "catalogue": world.catalogue,
        "installs": world.installs,
        "audit": world.audit,
        "settings": world.settings,
        "profiles": world.profiles,
        "attempts": world.attempts,
        "apple": world.apple,
        "imports": world.imports,
        "actions": world.actions,
        "life": world.life.__dict__ | {"views": None, "handlers": {}},
    }


def _restored(parts: dict[str, Any], clock: Clock, pace: float) -> World:
    clock.offset = parts.pop("offset")
    views = Views()
    life = Life.__new__(Life)
    life.__dict__.update(parts.pop("life"))
    life.views, life.pace = views, pace
    world = World(clock=clock, views=views, life=life, **parts)
    life.spread_overdue(clock.now())
    return world
