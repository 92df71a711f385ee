"""The client: token, retries, paging. It returns what Graph sent; `payloads` says what that means."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol
from urllib.parse import urlsplit

from intune_sync import own_words
from intune_sync.graph.batch import BatchAnswer, BatchRequest, send_batch
from intune_sync.graph.errors import (
    JUSTIFICATION,
    AnswerLost,
    BadAnswer,
    GraphError,
    GraphUnavailable,
    Throttled,
    Unauthenticated,
    error_from_answer,
)
from intune_sync.graph.tokens import TokenSource
from intune_sync.graph.transport import Answer, NoAnswer, Transport
from intune_sync.graph.waits import backoff_seconds

ATTEMPTS = 4
LONGEST_SLEEP = 10.0
"""Seconds a worker may sleep; a longer wait becomes `Throttled`, and the row's `not_before`."""


Early = Callable[[], Answer]
"""Gives the answer to a call that was sent before it was asked for; raises what `Transport.send` raises."""


class Observer(Protocol):
    """Told how Graph answers; `condition.ConditionWriter` keeps it for the pages."""

    def answered(self) -> None: ...

    def throttled(self, seconds: float) -> None: ...

    def failed(self, error: GraphError) -> None: ...


@dataclass
class Usage:
    """What this client has cost Graph so far."""

    requests: int = 0
    throttled: int = 0


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
        longest_sleep: float = LONGEST_SLEEP,
    ) -> None:
        self.url = url
        self.usage = Usage()
        self._tokens = tokens
        self._transport = transport
        self._observer = observer
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

    def pages(
        self, path: str, params: Mapping[str, str] | None = None, version: str = "v1.0"
    ) -> Iterator[list[dict[str, Any]]]:
        """Page by page to the end. A page may be empty; a page that fails raises, so the end means completeness.

        While the caller works on a page the next one is on its way; never more than that one.
        Raises BadAnswer for a next link that leads in a circle or to another host, where the token must not go.
        """
        url, seen, early = self._address(path, version), set[str](), None
        while url:
            seen.add(url)
            body = self._exchange("GET", url, params=params, early=early).body
            if not isinstance(body, dict) or not isinstance(body.get("value"), list):
                raise BadAnswer(own_words.NO_LIST)
            url, params = next_link(body, seen), None
            early = self._sent_ahead(url) if url else None
            yield body.pop("value")

    def _sent_ahead(self, url: str) -> Early:
        """A GET that is on its way already. Only the exchange itself runs on the other thread: what came of it, and
        all that is told and counted, belongs to the thread that asks for it."""
        token = self._token()
        self._ahead = self._ahead or ThreadPoolExecutor(1, thread_name_prefix="graph-ahead")
        return self._ahead.submit(self._transport.send, "GET", url, token).result

    def post(
        self,
        path: str,
        json: Any = None,
        version: str = "v1.0",
        *,
        client_request_id: str = "",
        is_write: bool = True,
        justification: str = "",
    ) -> Answer:
        """`is_write` False for the POSTs that only ask, such as starting an export job: they may be repeated."""
        address = self._address(path, version)
        return self._exchange(
            "POST",
            address,
            json=json,
            client_request_id=client_request_id,
            is_write=is_write,
            headers=_justified(justification),
        )

    def patch(
        self, path: str, json: Any, version: str = "v1.0", *, client_request_id: str = "", justification: str = ""
    ) -> Answer:
        address, headers = self._address(path, version), _justified(justification)
        return self._exchange(
            "PATCH", address, json=json, client_request_id=client_request_id, is_write=True, headers=headers
        )

    def delete(self, path: str, version: str = "v1.0", *, client_request_id: str = "") -> Answer:
        address = self._address(path, version)
        return self._exchange("DELETE", address, client_request_id=client_request_id, is_write=True)

    def batch(self, requests: Iterable[BatchRequest], version: str = "v1.0") -> dict[str, BatchAnswer]:
        """The answer to each request by its id, 20 at a time; each has its own outcome. See `batch.send_batch`."""
        return send_batch(self, list(requests), version)

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

    def sleep_or_raise(self, error: Throttled, *, last: bool = False) -> None:
        """Wait as Graph asks. Raises `error` when that is longer than a worker may sleep, or after the last attempt."""
        self.usage.throttled += 1
        if self._observer:
            self._observer.throttled(error.retry_after)
        if last or error.retry_after > self._longest_sleep:
            raise error
        time.sleep(error.retry_after)

    def renew_token(self) -> None:
        self._tokens.forget(self._tokens.token())

    def _exchange(
        self, method: str, url: str, *, is_write: bool = False, early: Early | None = None, **call: Any
    ) -> Answer:
        """One call with its repetitions. `early` stands for the first try."""
        renewed = False
        failure: GraphError = GraphUnavailable(own_words.CONNECTION_FAILED)
        for attempt in range(ATTEMPTS):
            last = attempt + 1 == ATTEMPTS
            token = self._token()
            try:
                early_one, early = early, None
                return self._once(method, url, token, attempt=attempt, is_write=is_write, early=early_one, **call)
            except Unauthenticated as error:
                failure = error
                if renewed:
                    break
                renewed = True
                self._tokens.forget(token)
            except Throttled as error:
                self.sleep_or_raise(error, last=last)
            except GraphUnavailable as error:
                failure = error
                if not last:
                    time.sleep(min(error.retry_after or backoff_seconds(attempt), self._longest_sleep))
            except AnswerLost as error:
                raise self._noted(error) from None
        raise self._noted(failure)

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
        if self._observer and answer.status < 500:
            self._observer.answered()
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

    def _noted(self, error: GraphError) -> GraphError:
        if self._observer and isinstance(error, GraphUnavailable | AnswerLost | Unauthenticated):
            self._observer.failed(error)
        return error

    def _address(self, path: str, version: str) -> str:
        return f"{self.url}/{version}/{path.lstrip('/')}"


def _justified(justification: str) -> dict[str, str]:
    """Multi Admin Approval takes the reason as Base64 of at most 1024 characters.

    https://learn.microsoft.com/intune/intune-service/fundamentals/multi-admin-approval
    """
    text = justification[:1000].encode()
    return {JUSTIFICATION: base64.b64encode(text).decode()} if justification else {}


def next_link(page: Mapping[str, Any], seen: Collection[str]) -> str:
    """Where the next page is, "" after the last. Raises BadAnswer when it is not of the host of the pages in `seen`."""
    url = str(page.get("@odata.nextLink") or "")
    if url and (url in seen or urlsplit(url)[:2] not in {urlsplit(each)[:2] for each in seen}):
        raise BadAnswer(own_words.FOREIGN_LINK)
    return url
