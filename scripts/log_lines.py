from pathlib import Path


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log, indented for a message; only its last 64 kB are read."""
    if not log.is_file():
        return "    (no log)"
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 65_536))
        lines = file.read().decode(errors="replace").splitlines()[-count:]
    return "\n".join(f"    {line}" for line in lines) or "    (its log is empty)"
