"""What people are told about requests."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from schools.notifications.kinds import register

register(
    "request.submitted",
    lambda data: _("%(school)s: decide about %(application)s") % data,
    lambda data: _("%(who)s asks for %(application)s at %(school)s and waits for your decision.") % data,
    label=gettext_lazy("A request waits for the school's decision"),
)
register(
    "request.review",
    lambda data: _("%(school)s: review %(application)s") % data,
    lambda data: _("%(school)s has approved %(application)s. Something is left for IT to see to first.") % data,
    label=gettext_lazy("A request waits for IT's review"),
)
register(
    "request.committee",
    lambda data: _("%(application)s goes to the committee") % data,
    lambda data: (
        _("Your request for %(application)s wants an answer for all schools. The next meeting takes it up.") % data
    ),
    label=gettext_lazy("A request goes to the committee"),
)
register(
    "request.granted",
    lambda data: _("Yes to %(application)s") % data,
    lambda data: _("The request of %(school)s for %(application)s is granted and on its way to the computers.") % data,
    label=gettext_lazy("A request is granted"),
)
register(
    "request.refused",
    lambda data: _("No to %(application)s") % data,
    lambda data: _("The request of %(school)s for %(application)s is refused: %(reason)s") % data,
    label=gettext_lazy("A request is refused"),
)
register(
    "request.withdrawn",
    lambda data: _("The request for %(application)s is withdrawn") % data,
    lambda data: _("%(who)s has withdrawn the request of %(school)s for %(application)s.") % data,
    label=gettext_lazy("A request is withdrawn"),
)
register(
    "request.merged",
    lambda data: _("The request for %(application)s is joined with another") % data,
    lambda data: _("Others ask for %(application)s too, so IT handles your request together with theirs.") % data,
    label=gettext_lazy("A request is merged with another"),
)
register(
    "request.pilot",
    lambda data: _("Try %(application)s on two computers") % data,
    lambda data: _("%(application)s is on %(computers)s. Try it and press “It works”; then the rest follow.") % data,
    label=gettext_lazy("An application is to be tried"),
)
register(
    "request.done",
    lambda data: _("%(application)s is in place") % data,
    lambda data: _("%(application)s is installed at %(school)s.") % data,
    label=gettext_lazy("A request is carried out"),
)
register(
    "request.done_elsewhere",
    lambda data: _("%(application)s works at another school") % data,
    lambda data: (
        _("%(application)s, which your school wants too, is now in use at another school. Ask for it in turn.") % data
    ),
    label=gettext_lazy("A request that your school supports is carried out"),
)
register(
    "request.due_soon",
    lambda data: _("Decide about %(application)s by tomorrow") % data,
    lambda data: _("The request of %(school)s for %(application)s is to be answered by the next working day.") % data,
    label=gettext_lazy("The time for a decision is nearly over"),
)
register(
    "request.late",
    lambda data: _("Late: %(application)s for %(school)s") % data,
    lambda data: _("The request of %(school)s for %(application)s was not answered in time. IT can decide now.") % data,
    label=gettext_lazy("The time for a decision is over"),
)
register(
    "request.message",
    lambda data: _("%(who)s writes about %(application)s") % data,
    lambda data: _("%(who)s writes about the request for %(application)s: “%(text)s”") % data,
    label=gettext_lazy("Somebody writes in the thread of a request"),
)
register(
    "request.deputy",
    lambda data: _("You decide for %(school)s until %(until)s") % data,
    lambda data: (
        _("%(who)s is away and has handed over to you to decide on requests at %(school)s until %(until)s.") % data
    ),
    label=gettext_lazy("You are somebody's deputy"),
)
