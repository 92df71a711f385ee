"""What has happened in the demo municipality before anybody signs in, told through the portal's ordinary services."""

from datetime import datetime

from intune_sync.demo_story import baselines, catalogue, committee, engine, requests

CHAPTERS = (catalogue, baselines, requests, committee, engine)


def tell(now: datetime) -> None:
    """All chapters in order; each does nothing where it has been told already."""
    for chapter in CHAPTERS:
        chapter.tell(now)
