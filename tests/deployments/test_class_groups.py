import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from deployments.services.class_groups import add_class_group, put_in, remove, take_out
from schools.models import AuditEvent
from tests import factories as make
from tests.deployments.request_factories import app_request
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def test_computer_is_moved_between_class_groups_with_an_event() -> None:
    school = make.school()
    old, new = make.class_group(school, "7A"), make.class_group(school, "8A")
    device = make.device(school, class_group=old)

    assert put_in(new, [device.pk], make.person("it_admin")) == 1
    assert put_in(new, [device.pk], make.person("it_admin")) == 0

    device.refresh_from_db()
    assert device.class_group == new
    event = AuditEvent.objects.get()
    assert (event.before, event.after, event.school) == ({"class_group": "7A"}, {"class_group": "8A"}, school)


def test_computer_of_another_school_is_not_put_in() -> None:
    group, device = make.class_group(make.school()), make.device(make.school())

    with pytest.raises(ValidationError):
        put_in(group, [device.pk], make.person("it_admin"))


def test_computer_is_taken_out_once() -> None:
    school = make.school()
    group = make.class_group(school)
    device = make.device(school, class_group=group)

    take_out(group, device, make.person("it_admin"))
    take_out(group, device, make.person("it_admin"))

    device.refresh_from_db()
    assert device.class_group is None
    assert AuditEvent.objects.count() == 1


def test_name_stands_once_at_a_school() -> None:
    school, by = make.school(), make.person("it_admin")
    add_class_group(school, " 7A ", by)

    with pytest.raises(ValidationError):
        add_class_group(school, "7A", by)
    add_class_group(make.school(), "7A", by)


def test_schools_it_person_keeps_its_class_groups(client: Client) -> None:
    school = make.school()
    device, other = make.device(school), make.device(school, enrolled=False)
    client.force_login(make.person("school_it", school))
    client.cookies["django_language"] = "en"

    answer = client.post(reverse("deployments:class_group_list", args=[school.pk]), {"name": "7A"})
    group = school.class_groups.get()
    assert answer.url == reverse("deployments:class_group", args=[group.pk])

    client.post(reverse("deployments:put_in_class_group", args=[group.pk]), {"device": [device.pk, other.pk, "x"]})
    assert group.devices.count() == 2
    client.post(reverse("deployments:take_out_of_class_group", args=[group.pk]), {"device": other.pk})

    text = client.get(answer.url).content.decode()
    assert "1 computer is in the class group." in text
    assert str(device) in text


def test_teacher_reads_and_does_not_change(client: Client) -> None:
    school = make.school()
    group = make.class_group(school)
    client.force_login(make.person("teacher", school))

    assert client.get(reverse("deployments:class_group", args=[group.pk])).status_code == 200
    assert client.post(reverse("deployments:put_in_class_group", args=[group.pk])).status_code == 403
    foreign = make.class_group(make.school())
    assert client.get(reverse("deployments:class_group", args=[foreign.pk])).status_code == 404


def test_name_that_is_taken_is_told_beside_the_field(client: Client) -> None:
    school = make.school()
    make.class_group(school, "7A")
    client.force_login(make.person("it_admin"))

    answer = client.post(reverse("deployments:class_group_list", args=[school.pk]), {"name": "7A"})

    assert answer.status_code == 400


def test_class_group_shows_what_its_computers_get_without_a_container_of_its_own(client: Client) -> None:
    school = make.school()
    group, revision = make.class_group(school), make.revision("active")
    make.entry(revision, school.school_form, make.app_version(make.application("GeoGebra")).application)
    client.force_login(make.person("teacher", school))
    address = reverse("deployments:class_group", args=[group.pk])

    assert "GeoGebra" in client.get(address).content.decode()
    assert "GeoGebra" not in client.get(address, {"on": "2020-01-01"}).content.decode()
    assert not type(make.profile(group)).objects.exclude(class_group=group).exclude(school_form__isnull=False).exists()


def test_renamed_group_keeps_what_is_decided_for_it(client: Client) -> None:
    school = make.school()
    group, revision = make.class_group(school, "7A"), make.revision("active")
    make.entry(revision, group, make.app_version(make.application("Krita")).application)
    client.force_login(make.person("school_it", school))

    answer = client.post(reverse("deployments:rename_class_group", args=[group.pk]), {"name": " 8A "}, follow=True)

    group.refresh_from_db()
    assert group.name == "8A"
    assert "Krita" in answer.content.decode()
    event = AuditEvent.objects.get(act="classgroup.renamed")
    assert (event.before, event.after) == ({"name": "7A"}, {"name": "8A"})


def test_removed_group_lets_its_computers_go_and_its_name_be_used_again(client: Client) -> None:
    school, by = make.school(), make.person("it_admin")
    group = make.class_group(school, "9A")
    device = make.device(school, class_group=group)
    client.force_login(make.person("school_it", school))

    client.post(reverse("deployments:remove_class_group", args=[group.pk]), follow=True)

    device.refresh_from_db()
    assert device.class_group is None
    assert "9A" not in client.get(reverse("deployments:class_group_list", args=[school.pk])).content.decode()
    assert client.get(reverse("deployments:class_group", args=[group.pk])).status_code == 200
    assert add_class_group(school, "9A", by).pk != group.pk
    with pytest.raises(ValidationError):
        put_in(group, [device.pk], by)


def test_group_is_kept_while_something_is_decided_or_asked_for_it() -> None:
    school, by = make.school(), make.person("it_admin")
    decided, asked = make.class_group(school, "7A"), make.class_group(school, "7B")
    make.entry(make.revision("active"), decided, make.app_version(make.application("Krita")).application)
    app_request("school", school, class_group=asked, application=make.application("GeoGebra"))

    with pytest.raises(ValidationError, match="Krita"):
        remove(decided, by, NOW)
    with pytest.raises(ValidationError, match="GeoGebra"):
        remove(asked, by, NOW)
