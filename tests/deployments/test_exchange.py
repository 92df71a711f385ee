import pytest

from deployments.exchange.reading import read_revision
from deployments.exchange.writing import as_yaml
from deployments.models import BaselineRevision, Capability
from deployments.services.imports import RefusedFile, import_draft
from schools.models import AuditEvent
from tests import factories as make

pytestmark = pytest.mark.django_db


def everything() -> BaselineRevision:
    """A revision with an entry of every kind."""
    revision, school = make.revision("active", note="Läsåret börjar: två nya"), make.school("Ekskolan")
    version = make.app_version(version="1.10")
    make.entry(revision, make.municipality(), version.application, version=version)
    make.entry(revision, school.school_form, version.application, "available", decision=make.decision())
    make.entry(revision, school, version.application, "")
    word = Capability.objects.create(name="Ordbehandling")
    make.entry(revision, make.class_group(school, "7A"), version.application, capability=word)
    make.entry(revision, make.device(school), make.app_version().application, "uninstall")
    return revision


def problems(text: str) -> list[str]:
    return [str(problem) for problem in read_revision(text).problems]


def test_round_trip_is_exact() -> None:
    written = as_yaml(everything())

    draft = import_draft(make.baseline("HT"), written, by=make.person("it_admin"))

    assert as_yaml(draft) == written
    assert (draft.status, draft.baseline) == ("draft", make.baseline("HT"))
    assert AuditEvent.objects.get(act="revision.imported").after == {"entries": 5}


def test_file_with_an_error_makes_no_draft() -> None:
    written = as_yaml(everything()).replace("intent: available", "intent: kanske")

    with pytest.raises(RefusedFile) as refused:
        import_draft(make.baseline("HT"), written, by=make.person("it_admin"))

    line = written.splitlines().index("  intent: kanske") + 1
    assert [problem.line for problem in refused.value.problems] == [line]
    assert BaselineRevision.objects.count() == 1


def test_each_error_is_told_with_its_line() -> None:
    application = make.app_version().application
    text = f"""format: 2
note: ''
entries:
- container: {{level: school, school_unit_code: '99999999'}}
  application: {application.name}
  action: add
  intent: required
  version: latest
- container: {{level: municipality}}
  application: Finns inte
  action: add
- container: {{level: municipality}}
  application: {application.name}
  action: remove
  color: red
"""
    make.municipality()

    found = problems(text)

    assert [line.split(":")[0] for line in found] == ["Rad 1", "Rad 4", "Rad 10", "Rad 15"]


def test_removal_of_what_nothing_gives_is_refused_with_its_line() -> None:
    application = make.app_version().application
    make.municipality()
    text = f"format: 1\nnote: ''\nentries:\n- container: {{level: municipality}}\n  application: {application.name}\n"

    with pytest.raises(RefusedFile, match="Rad 4"):
        import_draft(make.baseline(), text + "  action: remove\n", by=make.person("it_admin"))


def test_same_container_and_application_stand_once() -> None:
    revision = make.revision()
    make.entry(revision, make.municipality(), make.app_version().application)
    written = as_yaml(revision)
    entry = written.partition("entries:\n")[2]

    assert len(problems(written + entry)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- 1",
        "a: [",
        "format: 1",
        "format: 1\nentries: 3",
        "a: &x 1\nb: *x",
        "? [1]\n: 2",
        "a: 1\na: 2",
        "\x00",
        "!!python/object:os.system {}",
    ],
)
def test_what_is_no_baseline_is_told_in_words(text: str) -> None:
    assert len(problems(text)) == 1


def test_decision_is_found_again_only_if_it_says_the_same() -> None:
    revision, decision = make.revision(), make.decision(text="GeoGebra till alla")
    make.entry(revision, make.municipality(), make.app_version().application, decision=decision)
    written = as_yaml(revision)

    assert problems(written) == []
    assert len(problems(written.replace("GeoGebra till alla", "Något annat"))) == 1
