"""One line per step: a spinner with the seconds so far on a terminal, and the finished line everywhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

console = Console(highlight=False)


@contextmanager
def step(name: str) -> Iterator[None]:
    started = time.monotonic()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        progress.add_task(name, total=None)
        yield
    console.print(f"  {name} … {time.monotonic() - started:.1f} s", markup=False, soft_wrap=True)
