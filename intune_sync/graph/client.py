"""The client: token, retries, paging. It returns what Graph sent; `payloads` says what that means."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol, TypedDict, Unpack
from urllib.parse import urlencode, urlsplit

from intune_sync import own_words
from intune_sync.graph.batch import BatchAnswer, BatchRequest, send_batch
from intune_sync.graph.errors import (
    APPROVAL_CODE,
    JUSTIFICATION,
    AnswerLost,
    BadAnswer,
    GraphError,
    GraphUnavailable,
    Throttled,
    Unauthenticated,
    error_from_answer,
)
from intune_sync.graph.gate import Gate
from intune_sync.graph.services import Charge, charges, service_of
from intune_sync.graph.tokens import TokenSource
from intune_sync.graph.trail import Trail
from intune_sync.graph.transport import Answer, NoAnswer, Transport
from intune_sync.graph.waits import apart, backoff_seconds

ATTEMPTS = 4
RENEWALS = 2
"""Of the token in one call: first another process's, which may be refused too, then one of its own."""
PROBE = "organization?$select=id"
LONGEST_SLEEP = 10.0
"""Seconds a worker may sleep; a longer wait becomes `Throttled`, and the row's `not_before`."""


Early = Callable[[], Answer]
"""Gives the answer to a call that was sent before it was asked for; raises what `Transport.send` raises."""


class Said(TypedDict, total=False):
    """What a write may say besides its body. `justification` and `approval_code`: see `justified`."""

    client_request_id: str
    headers: Mapping[str, str] | None
    justification: str
    approval_code: str


class Observer(Protocol):
    """Told how Graph answers; `condition.ConditionWriter` keeps it for the pages."""

    def answered(self) -> None: ...

    def throttled(self, seconds: float) -> None: ...

    def failed(self, error: GraphError) -> None: ...


@dataclass
class Usage:
    """What this client has cost Graph so far. `percentage` is the highest share of a limit that Graph has told of."""

    requests: int = 0
    throttled: int = 0
    percentage: float = 0.0

    def heard(self, headers: Mapping[str, str]) -> None:
        with suppress(ValueError):
            told = float(headers.get("x-ms-throttle-limit-percentage") or 0)
            self.percentage = max(self.percentage, told * 100)


class GraphClient:
    """Not shared between threads: it counts one piece of work. Every call may raise GraphError.

    Reads are repeated when that may help. A write is repeated only when Graph said that it did not take it (429, 401);
    any other doubt is `AnswerLost`.
    """

    def __init__(
        self,
        url: str,
        tokens: TokenSource,
        transport: Transport,
        observer: Observer | None = None,
        *,
        longest_sleep: float = LONGEST_SLEEP,
        gate: Gate | None = None,
    ) -> None:
        self.url = url
        self.usage = Usage()
        self._tokens = tokens
        self._transport = transport
        self._observer = observer
        self._gate = gate
        self._longest_sleep = longest_sleep
        self._ahead: ThreadPoolExecutor | None = None

    def __enter__(self) -> GraphClient:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._ahead:
            self._ahead.shutdown(wait=False, cancel_futures=True)
        self._transport.close()

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        version: str = "v1.0",
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The decoded answer: a dict for objects and lists, a number for `$count`."""
        return self._exchange("GET", self._address(path, version), params=params, headers=headers).body

    def ask(self, path: str, version: str = "v1.0") -> Answer:
        """As `get`, with the headers of the answer."""
        return self._exchange("GET", self._address(path, version))

    def pages(
        self, path: str, params: Mapping[str, str] | None = None, version: str = "v1.0"
    ) -> Iterator[list[dict[str, Any]]]:
        """Page by page to the end. A page may be empty; a page that fails raises, so the end means completeness.

        While the caller works on a page the next one is on its way; never more than that one.
        Raises BadAnswer for a next link that leads in a circle or to another host, where the token must not go.
        """
        url, seen, early, trail = self._address(path, version), set[str](), None, Trail()
        while url:
            seen.add(url)
            body = self._exchange("GET", url, params=params, early=early).body
            if not isinstance(body, dict) or not isinstance(body.get("value"), list):
                raise BadAnswer(own_words.NO_LIST)
            url, params = next_link(body, seen), None
            if url:
                trail.pass_by(body["value"])
            early = self._sent_ahead(url) if url else None
            yield body.pop("value")

    def _sent_ahead(self, url: str) -> Early | None:
        """A GET that is on its way already, if it may be sent at once. Only the exchange itself runs on the other
        thread: what came of it, and all that is told and counted, belongs to the thread that asks for it."""
        if self._gate and not self._gate.is_open(charges([("GET", url)])):
            return None
        token = self._token()
        self._ahead = self._ahead or ThreadPoolExecutor(1, thread_name_prefix="graph-ahead")
        return self._ahead.submit(self._transport.send, "GET", url, token).result

    def post(
        self,
        path: str,
        json: Any = None,
        version: str = "v1.0",
        *,
        is_write: bool = True,
        costs: Sequence[Charge] | None = None,
        **said: Unpack[Said],
    ) -> Answer:
        """`is_write` False for the POSTs that only ask, such as starting an export job: they may be repeated."""
        return self._write("POST", self._address(path, version), json, is_write=is_write, costs=costs, **said)

    def patch(self, path: str, json: Any, version: str = "v1.0", **said: Unpack[Said]) -> Answer:
        return self._write("PATCH", self._address(path, version), json, **said)

    def delete(self, path: str, version: str = "v1.0", **said: Unpack[Said]) -> Answer:
        return self._write("DELETE", self._address(path, version), **said)

    def _write(
        self,
        method: str,
        url: str,
        json: Any = None,
        *,
        client_request_id: str = "",
        headers: Mapping[str, str] | None = None,
        justification: str = "",
        approval_code: str = "",
        is_write: bool = True,
        costs: Sequence[Charge] | None = None,
    ) -> Answer:
        return self._exchange(
            method,
            url,
            json=json,
            client_request_id=client_request_id,
            is_write=is_write,
            headers={**(headers or {}), **justified(justification, approval_code)},
            costs=costs,
        )

    def batch(
        self, requests: Iterable[BatchRequest], version: str = "v1.0", *, justification: str = ""
    ) -> dict[str, BatchAnswer]:
        """The answer to each request by its id, 20 at a time; each has its own outcome. See `batch.send_batch`. Each
        write in it carries the justification."""
        headers = justified(justification)
        return send_batch(self, [each.with_headers(headers) if each.is_write else each for each in requests], version)

    def download(self, url: str, to_file: BinaryIO) -> None:
        """Stream a signed address (an export) into an empty seekable file; repeated like any read."""
        if urlsplit(url).scheme != "https":
            raise BadAnswer(own_words.NOT_ENCRYPTED)
        for attempt in range(ATTEMPTS):
            to_file.seek(0)
            to_file.truncate()
            try:
                self.usage.requests += 1
                status = self._transport.download(url, to_file)
            except NoAnswer:
                status = 503
            if status < 400:
                return
            if status < 500 and status != 429:
                raise error_from_answer(status, {}, None, is_write=False)
            time.sleep(backoff_seconds(attempt))
        raise GraphUnavailable(own_words.NO_DOWNLOAD)

    def was_throttled(self, error: Throttled, *services: str) -> None:
        """Tell all workers of a 429, and count it."""
        self.usage.throttled += 1
        if self._observer:
            self._observer.throttled(error.retry_after)
        if self._gate:
            self._gate.throttled(error, services)

    def sleeps(self, error: GraphError, attempt: int = 0) -> bool:
        """Wait as Graph asks, and a little more. False when that is longer than a worker may sleep."""
        wait = backoff_seconds(attempt) if error.retry_after is None else apart(error.retry_after)
        if wait > self._longest_sleep:
            return False
        time.sleep(wait)
        return True

    def renew_token(self) -> None:
        self._tokens.forget(self._tokens.token())

    def _exchange(
        self,
        method: str,
        url: str,
        *,
        is_write: bool = False,
        early: Early | None = None,
        costs: Sequence[Charge] | None = None,
        **call: Any,
    ) -> Answer:
        """One call with its repetitions. `early` stands for the first try, and has passed the gate."""
        renewals = 0
        costs = charges([(method, _with_query(url, call.get("params")))]) if costs is None else costs
        services = {each.service for each in costs}  # of a batch, those that its calls go to
        failure: GraphError = GraphUnavailable(own_words.CONNECTION_FAILED)
        for attempt in range(ATTEMPTS):
            token = self._token()  # before the gate: nothing that takes time stands between its answer and the call
            if self._gate and not early:
                self._gate.enter(costs, self._longest_sleep, self._probe)
            try:
                early_one, early = early, None
                return self._once(method, url, token, attempt=attempt, is_write=is_write, early=early_one, **call)
            except Unauthenticated as error:
                failure = error
                if renewals == RENEWALS:
                    break
                renewals += 1
                self._tokens.forget(token)
                continue
            except Throttled as error:
                failure = error
                self.was_throttled(error, *services)
            except (GraphUnavailable, AnswerLost) as error:
                failure = error
                if self._gate:
                    self._gate.asked_to_wait(error, services)
                if isinstance(error, AnswerLost):
                    break
            if attempt + 1 == ATTEMPTS or not self.sleeps(failure, attempt):
                break
        raise self._noted(failure)

    def _probe(self) -> None:
        """Ask anything, to learn whether Graph is back. Raises GraphUnavailable."""
        url = self._address(PROBE, "v1.0")
        if self._gate:
            self._gate.may_probe(charges([("GET", url)]))
        try:
            self._once("GET", url, self._tokens.token(), attempt=0, is_write=False)
        except Throttled as error:
            self.was_throttled(error, service_of(url))
        except GraphUnavailable as error:
            if self._gate:
                self._gate.asked_to_wait(error, [service_of(url)])
            raise
        except GraphError:
            return  # an answer, if not the one that was hoped for

    def _once(
        self,
        method: str,
        url: str,
        token: str,
        *,
        attempt: int,
        is_write: bool,
        early: Early | None = None,
        **call: Any,
    ) -> Answer:
        self.usage.requests += 1
        try:
            answer = early() if early else self._transport.send(method, url, token, **call)
        except NoAnswer as none:
            kind = AnswerLost if is_write and none.sent else GraphUnavailable
            said = own_words.with_detail(own_words.CONNECTION_FAILED, none)
            raise kind(said, client_request_id=none.client_request_id) from none
        self.usage.heard(answer.headers)
        if answer.status < 500:
            self._tell_that_it_answered()
        if answer.status >= 300:
            raise error_from_answer(
                answer.status,
                answer.headers,
                answer.body,
                client_request_id=answer.client_request_id,
                is_write=is_write,
                attempt=attempt,
            )
        return answer

    def _token(self) -> str:
        try:
            return self._tokens.token()
        except GraphError as error:
            raise self._noted(error) from error

    def _tell_that_it_answered(self) -> None:
        if self._observer:
            self._observer.answered()
        if self._gate:
            self._gate.answered()

    def _noted(self, error: GraphError) -> GraphError:
        if self._observer and isinstance(error, GraphUnavailable | AnswerLost | Unauthenticated):
            self._observer.failed(error)
        if self._gate:
            self._gate.failed(error)
        return error

    def _address(self, path: str, version: str) -> str:
        return f"{self.url}/{version}/{path.lstrip('/')}"


def justified(justification: str, approval_code: str = "") -> dict[str, str]:
    """The headers of Multi Admin Approval: the reason as Base64, of at most 1024 characters, and the code of the
    request that was made for this very call before.

    https://learn.microsoft.com/intune/intune-service/fundamentals/multi-admin-approval
    """
    text = base64.b64encode(justification[:1000].encode()).decode()
    return {name: said for name, said in ((JUSTIFICATION, text), (APPROVAL_CODE, approval_code)) if said}


def _with_query(url: str, params: Mapping[str, str] | None) -> str:
    return f"{url}?{urlencode(params, safe='$')}" if params else url


def next_link(page: Mapping[str, Any], seen: Collection[str]) -> str:
    """Where the next page is, "" after the last. Raises BadAnswer when it is not of the host of the pages in `seen`."""
    url = str(page.get("@odata.nextLink") or "")
    if url and (url in seen or urlsplit(url)[:2] not in {urlsplit(each)[:2] for each in seen}):
        raise BadAnswer(own_words.FOREIGN_LINK)
    return url
