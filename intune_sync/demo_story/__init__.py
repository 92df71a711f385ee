"""What has happened in the demo municipality before anybody signs in, told through the portal's ordinary services."""

from datetime import datetime

from intune_sync.demo_story import baselines, calendar, catalogue, committee, engine, requests

CHAPTERS = (
    calendar.tell,
    catalogue.tell,
    baselines.tell,
    committee.tell_last_meeting,
    requests.tell,
    committee.tell_coming_term,
    engine.tell,
)


def tell(now: datetime) -> None:
    """All chapters in order; each does nothing where it has been told already."""
    for chapter in CHAPTERS:
        chapter(now)
