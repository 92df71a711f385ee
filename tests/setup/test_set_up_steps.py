from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import ROOT
from scripts.front_end import ICON_NAMES, VENDOR, VENDOR_FILES
from scripts.icons import icon_sprite
from scripts.steps import Step, StepFailed, digest_of, run_quietly


def step(folder: Path, digest: str, run: Callable[[], object] = lambda: None) -> Step:
    return Step("A step", folder / ".stamp", lambda: digest, lambda: run() and None)


def test_a_step_is_done_again_only_when_its_inputs_change(tmp_path: Path) -> None:
    assert not step(tmp_path, "one").is_current()

    step(tmp_path, "one").make()

    assert step(tmp_path, "one").is_current()
    assert not step(tmp_path, "two").is_current()


def test_a_step_that_failed_is_not_done(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="said why"):
        step(tmp_path, "one", lambda: run_quietly(["sh", "-c", "echo said why; exit 3"])).make()

    assert not step(tmp_path, "one").is_current()


def test_a_digest_sees_names_contents_and_absence() -> None:
    folder = ROOT / "scripts"

    assert digest_of(folder) == digest_of(folder)
    assert len({digest_of(folder), digest_of(folder / "steps.py"), digest_of(folder / "absent"), digest_of("x")}) == 4


def test_an_icon_that_does_not_exist_is_named(tmp_path: Path) -> None:
    (tmp_path / "home.svg").write_text('<svg\n  class="icon"\n><path d="M1 1" />\n</svg>')

    with pytest.raises(StepFailed, match="does not have: castle, moat"):
        icon_sprite(["home", "castle", "moat"], tmp_path)
    assert '<symbol id="home" viewBox="0 0 24 24"' in icon_sprite(["home"], tmp_path)


def test_pages_find_every_library_and_icon() -> None:
    assert {path.name for path in VENDOR.iterdir()} == {*VENDOR_FILES, "icons.svg", ".stamp"}
    sprite = (VENDOR / "icons.svg").read_text()

    assert [name for name in ICON_NAMES.read_text().split() if f'<symbol id="{name}" ' not in sprite] == []


def test_no_library_names_a_source_map_that_is_not_there() -> None:
    assert [path.name for path in VENDOR.iterdir() if "sourceMappingURL" in path.read_text()] == []
