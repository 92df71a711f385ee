"""What people are told about requests."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from schools.notifications.kinds import Words, register

KINDS: dict[str, tuple[str | Promise, str | Promise, str | Promise]] = {
    "request.submitted": (
        _("A request waits for the school's decision"),
        _("%(school)s: decide about %(application)s"),
        _("%(who)s asks for %(application)s at %(school)s and waits for your decision."),
    ),
    "request.review": (
        _("A request waits for IT's review"),
        _("%(school)s: review %(application)s"),
        _("%(school)s has approved %(application)s. Something is left for IT to see to first."),
    ),
    "request.committee": (
        _("A request goes to the committee"),
        _("%(application)s goes to the committee"),
        _("Your request for %(application)s wants an answer for all schools. The next meeting takes it up."),
    ),
    "request.granted": (
        _("A request is granted"),
        _("Yes to %(application)s"),
        _("The request of %(school)s for %(application)s is granted and on its way to the computers."),
    ),
    "request.refused": (
        _("A request is refused"),
        _("No to %(application)s"),
        _("The request of %(school)s for %(application)s is refused: %(reason)s"),
    ),
    "request.withdrawn": (
        _("A request is withdrawn"),
        _("The request for %(application)s is withdrawn"),
        _("%(who)s has withdrawn the request of %(school)s for %(application)s."),
    ),
    "request.merged": (
        _("A request is merged with another"),
        _("The request for %(application)s is joined with another"),
        _("Others ask for %(application)s too, so IT handles your request together with theirs."),
    ),
    "request.pilot": (
        _("An application is to be tried"),
        _("Try %(application)s on two computers"),
        _("%(application)s is on %(computers)s. Try it and press “It works”; then the rest follow."),
    ),
    "request.done": (
        _("A request is carried out"),
        _("%(application)s is in place"),
        _("%(application)s is installed at %(school)s."),
    ),
    "request.done_elsewhere": (
        _("A request that your school supports is carried out"),
        _("%(application)s works at another school"),
        _("%(application)s, which your school wants too, is now in use at another school. Ask for it in turn."),
    ),
    "request.due_soon": (
        _("The time for a decision is nearly over"),
        _("Decide about %(application)s by tomorrow"),
        _("The request of %(school)s for %(application)s is to be answered by the next working day."),
    ),
    "request.late": (
        _("The time for a decision is over"),
        _("Late: %(application)s for %(school)s"),
        _("The request of %(school)s for %(application)s was not answered in time. IT can decide now."),
    ),
    "request.message": (
        _("Somebody writes in the thread of a request"),
        _("%(who)s writes about %(application)s"),
        _("%(who)s writes about the request for %(application)s: “%(text)s”"),
    ),
    "request.deputy": (
        _("You are somebody's deputy"),
        _("You decide for %(school)s until %(until)s"),
        _("%(who)s is away and has handed over to you to decide on requests at %(school)s until %(until)s."),
    ),
}
"""By kind: its name, the subject and the body; the last two take what `requests.telling` knows."""


def _words(sentence: str | Promise) -> Words:
    def said(data: dict[str, Any]) -> str:
        return str(sentence) % data

    return said


for _kind, (_label, _subject, _body) in KINDS.items():
    register(_kind, _words(_subject), _words(_body), label=_label)
