import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from deployments.models import BaselineRevision
from deployments.models.moves import InvalidMove
from deployments.services.drafts import bring_up_to_date, discard_draft, drop_entry, put_entry, start_draft
from schools.models import AuditEvent
from tests import factories as make

pytestmark = pytest.mark.django_db


def words(revision: BaselineRevision) -> set[tuple[str, str, str]]:
    return {(str(e.profile), e.application.name, e.intent or e.action) for e in revision.entries.all()}


def test_draft_starts_with_all_that_the_active_revision_says() -> None:
    active = make.revision("active")
    make.entry(active, make.municipality(), make.application("Teams"))

    draft = start_draft(make.baseline("HT", 2027), by=make.person("it_admin"))

    assert words(draft) == words(active)
    assert (draft.based_on, draft.status, draft.number) == (active, "draft", 1)


def test_entry_takes_the_place_of_what_the_container_said_before() -> None:
    draft, app = make.revision(), make.app_version().application
    profile = make.profile(make.school())

    put_entry(draft, profile, app, intent="required", by=make.person("it_admin"))
    put_entry(draft, profile, app, intent="available", by=make.person("it_admin"))

    assert [entry.intent for entry in draft.entries.all()] == ["available"]
    assert AuditEvent.objects.filter(act="revision.entry_put").count() == 2


def test_same_entry_again_leaves_no_event() -> None:
    draft, app, by = make.revision(), make.app_version().application, make.person("it_admin")
    profile = make.profile(make.municipality())

    put_entry(draft, profile, app, intent="required", by=by)
    put_entry(draft, profile, app, intent="required", by=by)

    assert AuditEvent.objects.about("deployments.baselinerevision", draft.pk).count() == 1


def test_event_about_a_schools_container_names_the_school() -> None:
    school, app = make.school(), make.app_version().application

    put_entry(make.revision(), make.profile(school), app, intent="required", by=make.person("it_admin"))

    assert AuditEvent.objects.get().school == school


def test_app_of_another_type_than_win32_is_not_offered_to_computers() -> None:
    version = make.app_version(app_type="officeSuiteApp")

    with pytest.raises(ValidationError) as refused:
        put_entry(
            make.revision(),
            make.profile(make.municipality()),
            version.application,
            intent="available",
            by=make.person("it_admin"),
        )

    assert "Win32" in refused.value.message_dict["intent"][0]


def test_removal_needs_something_to_remove() -> None:
    draft, app = make.revision(), make.app_version().application
    school, other = make.school(), make.school(form="grundskola")
    make.entry(draft, other.school_form, app)

    with pytest.raises(ValidationError):
        put_entry(draft, make.profile(school), app, action="remove", by=make.person("it_admin"))
    entry = put_entry(draft, make.profile(other), app, action="remove", by=make.person("it_admin"))

    assert entry.intent == ""


def test_class_group_may_remove_what_its_school_gets() -> None:
    draft, app, school = make.revision(), make.app_version().application, make.school()
    make.entry(draft, school, app)

    entry = put_entry(draft, make.profile(make.class_group(school)), app, action="remove", by=make.person("it_admin"))

    assert entry.action == "remove"


def test_version_of_another_application_is_refused() -> None:
    with pytest.raises(ValidationError) as refused:
        put_entry(
            make.revision(),
            make.profile(make.municipality()),
            make.application(),
            intent="required",
            version=make.app_version(),
            by=make.person("it_admin"),
        )

    assert "version" in refused.value.message_dict


def test_application_without_any_version_is_refused() -> None:
    with pytest.raises(ValidationError) as refused:
        put_entry(
            make.revision(),
            make.profile(make.municipality()),
            make.application(),
            intent="required",
            by=make.person("it_admin"),
        )

    assert "application" in refused.value.message_dict


@pytest.mark.parametrize("status", ["proposed", "active", "superseded"])
def test_decided_revision_is_not_edited(status: str) -> None:
    revision, app = make.revision(status), make.app_version().application
    entry = make.entry(revision, make.municipality(), app)

    with pytest.raises(InvalidMove) as refused:
        put_entry(revision, entry.profile, app, intent="available", by=make.person("it_admin"))
    with pytest.raises(InvalidMove):
        drop_entry(entry, by=make.person("it_admin"))

    assert refused.value.status == status


def test_database_keeps_a_decided_revision_from_other_hands() -> None:
    entry = make.entry(make.revision("active"), make.municipality(), make.application())

    with pytest.raises(DatabaseError), transaction.atomic():
        entry.delete()


def test_dropped_entry_is_gone_and_told_of() -> None:
    entry = make.entry(make.revision(), make.municipality(), make.application("Teams"))

    drop_entry(entry, by=make.person("it_admin"))

    assert not entry.revision.entries.exists()
    assert AuditEvent.objects.get().before["application"] == "Teams"


def test_discarded_draft_cannot_be_edited_any_more() -> None:
    draft = make.revision()

    discard_draft(draft, by=make.person("it_admin"))

    with pytest.raises(InvalidMove):
        discard_draft(draft, by=make.person("it_admin"))


def test_draft_brought_up_to_date_keeps_both_its_own_and_the_new_changes() -> None:
    first = make.revision("superseded")
    kept, dropped, mine, theirs = (make.app_version(make.application(name)).application for name in "abcd")
    for app in (kept, dropped):
        make.entry(first, make.municipality(), app)
    draft = make.revision(based_on=first)
    make.entry(draft, make.municipality(), kept)
    make.entry(draft, make.municipality(), mine, "available")
    active = make.revision("active")
    for app in (kept, dropped, theirs):
        make.entry(active, make.municipality(), app)

    bring_up_to_date(draft, by=make.person("it_admin"))

    assert {(name, intent) for _, name, intent in words(draft)} == {
        ("a", "required"),
        ("c", "available"),
        ("d", "required"),
    }
    assert draft.based_on == active
