"""Pages with opaque next links: signed, refused when altered or old."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import orjson

from .chance import unit
from .clock import Clock
from .errors import GraphFault
from .messages import GraphRequest, GraphResponse, Json, PageFault
from .switches import PAGE_LINK_SECONDS, Settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PageSize:
    """What a service gives by itself, and at most. A larger `$top` is cut, or refused where `strict`."""

    default: int
    most: int
    strict: bool = False

    def of(self, request: GraphRequest) -> int:
        text = request.query.get("$top")
        if text is None:
            return self.default
        if not text.isdigit() or text == "0" or (self.strict and int(text) > self.most):
            message = f"Invalid page size specified: '{text}'. Must be between 1 and {self.most} inclusive."
            raise GraphFault(400, "BadRequest", message)
        return min(int(text), self.most)


INTUNE_PAGE = PageSize(1000, 1000)
ENTRA_PAGE = PageSize(100, 999, strict=True)


class Pager:
    def __init__(self, clock: Clock, secret: bytes, settings: Settings) -> None:
        self.clock, self.secret, self.settings = clock, secret, settings

    def resume(self, request: GraphRequest) -> None:
        """Put back the query and position of the `$skiptoken`, if there is one. Raises GraphFault."""
        token = request.query.get("$skiptoken")
        if token is None:
            return
        content = self.unseal(token, request)
        if content["until"] < self.clock.now():
            raise GraphFault(400, "BadRequest", "Skip token is expired.", plain=True)
        request.query, request.start = content["query"], content["start"]
        if request.page:
            request.start = max(0, request.start + request.page.moved)

    def link(self, request: GraphRequest, start: int) -> str:
        content = {
            "query": {name: value for name, value in request.query.items() if name != "$skiptoken"},
            "start": start,
            "until": self.clock.now() + self.settings[PAGE_LINK_SECONDS],
        }
        sealed = self.seal(content, request)
        return f"{request.base_url}/{request.version}{request.path}?$skiptoken={sealed}"

    def seal(self, content: Json, request: GraphRequest) -> str:
        """An opaque token for the request's own path."""
        whole = orjson.dumps({**content, "path": f"{request.version}{request.path}"})
        encoded = base64.urlsafe_b64encode(whole).decode().rstrip("=")
        return f"{encoded}.{self._sign(encoded)}"

    def unseal(self, token: str, request: GraphRequest) -> Json:
        """Raises GraphFault 400 for a token that was altered or belongs to another path."""
        encoded, _, signature = token.partition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(encoded).encode()):
            raise GraphFault(400, "BadRequest", "Invalid skip token.", plain=True)
        content: Json = orjson.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
        if content["path"] != f"{request.version}{request.path}":
            raise GraphFault(400, "BadRequest", "Skip token belongs to another request.", plain=True)
        return content

    def _sign(self, encoded: str) -> str:
        return hmac.new(self.secret, encoded.encode(), hashlib.sha256).hexdigest()[:32]

    def page(
        self,
        request: GraphRequest,
        source: Sequence[T],
        encode: Callable[[T], bytes],
        *,
        context: str,
        size: PageSize,
        matches: Callable[[T], bool] | None = None,
        count: int | None = None,
    ) -> GraphResponse:
        """A page from `request.start` on; `source` only ever grows at its end. A count of -1 means the page's own."""
        broken = request.page or PageFault()
        if broken.left_out:
            matches = self._leaving_out(broken.left_out, source, matches)
        rows, following = self._rows(request, source, size.of(request), matches)
        if broken.is_empty:
            rows, following = [], request.start
        if broken.leads_nowhere:
            following = request.start
        parts = [b'{"@odata.context":', orjson.dumps(request.context(context))]
        if count is not None:
            parts.append(b',"@odata.count":%d' % (len(rows) if count < 0 else count))
        if following is not None:
            parts += [b',"@odata.nextLink":', orjson.dumps(self.link(request, following))]
        parts += [b',"value":[', b",".join(map(encode, rows)), b"]}"]
        return GraphResponse(200, b"".join(parts))

    def _leaving_out(
        self, share: float, source: Sequence[T], matches: Callable[[T], bool] | None
    ) -> Callable[[T], bool]:
        """Rows are told apart by their place, so that each page of a list leaves out the same ones."""
        gone = {id(item) for place, item in enumerate(source) if unit(place, 72) < share}
        return lambda item: id(item) not in gone and (matches is None or matches(item))

    def _rows(
        self, request: GraphRequest, source: Sequence[T], size: int, matches: Callable[[T], bool] | None
    ) -> tuple[list[T], int | None]:
        """The page's items and where the next page starts, if anything is left for it."""
        if matches is None:
            end = request.start + size
            return list(source[request.start : end]), end if end < len(source) else None
        rows: list[T] = []
        for position in range(request.start, len(source)):
            if matches(source[position]):
                if len(rows) == size:
                    return rows, position
                rows.append(source[position])
        return rows, None
