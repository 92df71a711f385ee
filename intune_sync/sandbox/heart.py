"""Lets life go on in the background, in small steps, so that requests are answered in between."""

import asyncio
import logging

from .world import World

log = logging.getLogger("sandbox")

BEAT_SECONDS, STEP_SECONDS = 0.25, 0.02


class Heart:
    def __init__(self, world: World) -> None:
        self.world = world
        self._advancing = asyncio.Lock()

    async def beat_for_ever(self) -> None:
        while True:
            more = False
            if not self._advancing.locked():
                more = self._beat()
            await asyncio.sleep(STEP_SECONDS if more else BEAT_SECONDS)

    def _beat(self) -> bool:
        """True if more is due. One event that fails must not end the life of all the others."""
        try:
            return self.world.life.run(self.world.clock.now(), STEP_SECONDS)
        except Exception:
            log.exception("An event failed and is skipped.")
            return True

    async def advance(self, seconds: float) -> None:
        """Move the clock and live through everything due by then, in order."""
        async with self._advancing:
            clock, life = self.world.clock, self.world.life
            clock.advance(seconds)
            until = clock.now()
            while life.run(until, STEP_SECONDS):
                await asyncio.sleep(0)
