"""One SVG file with the icons the pages use; a page shows one by `<use href="…/icons.svg#name">`."""

from collections.abc import Sequence
from pathlib import Path

from scripts.steps import StepFailed

# Tabler's outline icons share these; on the symbol they are inherited by its strokes.
ATTRIBUTES = (
    'viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
    'stroke-linecap="round" stroke-linejoin="round"'
)
BOUNDING_BOX = '<path stroke="none" d="M0 0h24v24H0z" fill="none" />'


def icon_sprite(names: Sequence[str], folder: Path) -> str:
    """Raises StepFailed with every name that has no `<name>.svg` in `folder`."""
    if missing := [name for name in names if not (folder / f"{name}.svg").is_file()]:
        raise StepFailed(f"static/icons.txt names icons that Tabler does not have: {', '.join(missing)}")
    symbols = [_symbol(name, (folder / f"{name}.svg").read_text(encoding="utf-8")) for name in sorted(set(names))]
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "".join(symbols) + "</svg>\n"


def _symbol(name: str, svg: str) -> str:
    start = svg.index(">", svg.index("<svg")) + 1
    shapes = " ".join(svg[start : svg.rindex("</svg>")].replace(BOUNDING_BOX, "").split())
    return f'<symbol id="{name}" {ATTRIBUTES}>{shapes}</symbol>\n'
