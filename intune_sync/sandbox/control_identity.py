"""The control surface of who may do what: registrations and people with their app roles, and requests for approval."""

from dataclasses import fields
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .control_http import json_answer, json_body, refused
from .graph import Graph
from .people import Person
from .registrations import Registration
from .sign_in import SignIn

Json = dict[str, Any]

DECISIONS = ("approved", "rejected", "cancelled")


class IdentityControl:
    def __init__(self, graph: Graph, sign_in: SignIn) -> None:
        self.graph, self.sign_in = graph, sign_in

    def routes(self) -> list[Route]:
        return [
            Route("/registrations", self.registrations, methods=["GET", "POST"]),
            Route("/users", self.users, methods=["GET", "POST"]),
            Route("/approvals", self.approvals, methods=["GET", "POST", "DELETE"]),
        ]

    async def registrations(self, request: Request) -> Response:
        """POST `{"name", "roles", "client_secret", "certificate", "redirect_uris"}` changes the one of that
        name, or adds it.

        Tokens that are out keep the roles they were given with, as in Entra.
        """
        known = self.graph.tokens.registrations
        if request.method == "POST":
            body = await json_body(request)
            if not _is_registration(body):
                return refused("needs a name; roles are a list of texts, client_secret and certificate are texts")
            found = next((each for each in known if each.name == body["name"]), None)
            if found is None:
                found = Registration(body["name"], str(uuid4()), str(uuid4()), ())
                known.append(found)
            for name in set(body) - {"name"}:
                setattr(found, name, tuple(body[name]) if isinstance(body[name], list) else body[name])
            return json_answer(found.shown() | {"client_secret": found.client_secret})
        return json_answer([each.shown() for each in known])

    async def users(self, request: Request) -> Response:
        """POST `{"user_principal_name", "roles", "groups", "enabled", "name"}` changes that person, or adds one."""
        people = self.sign_in.people
        if request.method == "POST":
            body = await json_body(request)
            if not _is_person(body):
                return refused("needs a user_principal_name; roles and groups are lists of texts, enabled is a boolean")
            name = body["user_principal_name"].lower()
            person = people.setdefault(name, Person(str(uuid4()), name, body.get("name", name), []))
            for each in set(body) - {"user_principal_name"}:
                setattr(person, each, body[each])
            return json_answer(person.shown())
        return json_answer([person.shown() for person in people.values()])

    async def approvals(self, request: Request) -> Response:
        """POST `{"id", "decision"}` decides one request for Multi Admin Approval; `"id": "*"` all that wait.

        DELETE forgets all.
        """
        approvals = self.graph.approvals
        if request.method == "DELETE":
            approvals.by_id.clear()
        if request.method == "POST":
            body = await json_body(request)
            decision = body.get("decision") if isinstance(body, dict) else None
            if decision not in DECISIONS:
                return refused(f"decision must be one of {', '.join(DECISIONS)}")
            waiting = [each.id for each in approvals.by_id.values() if each.status == "needsApproval"]
            try:
                for identifier in waiting if body.get("id") == "*" else [str(body.get("id"))]:
                    approvals.decide(identifier, decision)
            except (KeyError, ValueError) as error:
                return refused(f"no request can be decided: {error}")
        return json_answer([each.shown() for each in approvals.by_id.values()])


def _is_registration(body: Any) -> bool:
    allowed = {each.name for each in fields(Registration)} - {"client_id"}
    if not isinstance(body, dict) or set(body) - allowed or not isinstance(body.get("name"), str):
        return False
    texts = all(isinstance(body[name], str) for name in ("client_secret", "certificate") if name in body)
    return texts and _are_texts(body.get("roles", [])) and _are_texts(body.get("redirect_uris", []))


def _is_person(body: Any) -> bool:
    allowed = {each.name for each in fields(Person)} - {"oid"}
    if not isinstance(body, dict) or set(body) - allowed or not isinstance(body.get("user_principal_name"), str):
        return False
    lists = _are_texts(body.get("roles", [])) and _are_texts(body.get("groups", []))
    return lists and isinstance(body.get("enabled", True), bool) and isinstance(body.get("name", ""), str)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
