"""Addresses of the committee's work, part of `deployments.urls`."""

from django.urls import path

from deployments.views import delegations, meeting_room, meetings, proposals, seats, semesters

urlpatterns = [
    path("baselines/<row:pk>/dates/", semesters.dates, name="semester_dates"),
    path("proposals/", proposals.proposal_list, name="proposal_list"),
    path("proposals/new/", proposals.make_proposal, name="make_proposal"),
    path("proposals/<row:pk>/", proposals.proposal, name="proposal"),
    path("proposals/<row:pk>/support/", proposals.support, name="support_proposal"),
    path("proposals/<row:pk>/comment/", proposals.comment, name="comment_proposal"),
    path("proposals/<row:pk>/withdraw/", proposals.withdraw, name="withdraw_proposal"),
    path("proposals/<row:pk>/reopen/", proposals.reopen, name="reopen_proposal"),
    path("requests/<row:pk>/raise/", proposals.raise_from_request, name="raise_request"),
    path("meetings/", meetings.meeting_list, name="meeting_list"),
    path("meetings/new/", meetings.call_meeting, name="call_meeting"),
    path("meetings/seats/", seats.seat_list, name="seat_list"),
    path("meetings/seats/new/", seats.add_seat, name="add_seat"),
    path("meetings/seats/<row:pk>/", seats.change_seat, name="change_seat"),
    path("meetings/delegations/", delegations.delegation_list, name="delegation_list"),
    path("meetings/delegations/new/", delegations.give_delegation, name="give_delegation"),
    path("meetings/delegations/<row:pk>/end/", delegations.end, name="end_delegation"),
    path("meetings/delegations/<row:pk>/decide/", delegations.decide, name="decide_by_delegation"),
    path("meetings/<row:pk>/", meetings.meeting, name="meeting"),
    path("meetings/<row:pk>/change/", meetings.change_meeting, name="change_meeting"),
    path("meetings/<row:pk>/agenda/", meetings.refresh_agenda, name="refresh_agenda"),
    path("meetings/<row:pk>/items/", meetings.add_item, name="add_item"),
    path("meetings/<row:pk>/items/<row:item>/move/", meetings.move_item, name="move_item"),
    path("meetings/<row:pk>/items/<row:item>/note/", meeting_room.write_note, name="write_note"),
    path("meetings/<row:pk>/items/<row:item>/vote/", meeting_room.vote, name="vote"),
    path("meetings/<row:pk>/items/<row:item>/reserve/", meeting_room.reserve, name="reserve"),
    path("meetings/<row:pk>/items/<row:item>/decide/", meeting_room.decide, name="decide_item"),
    path("meetings/<row:pk>/open/", meetings.open_meeting, name="open_meeting"),
    path("meetings/<row:pk>/room/", meeting_room.meeting_room, name="meeting_room"),
    path("meetings/<row:pk>/present/", meeting_room.mark_present, name="mark_present"),
    path("meetings/<row:pk>/close/", meeting_room.close, name="close_meeting"),
    path("meetings/<row:pk>/sign/", meetings.sign, name="sign_minutes"),
    path("meetings/<row:pk>/minutes/", meetings.minutes, name="minutes"),
    path("meetings/<row:pk>/minutes.pdf", meetings.minutes_file, name="minutes_file"),
]
