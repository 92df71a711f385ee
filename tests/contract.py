"""Checks requests to Graph and its answers against Microsoft's own description of them.

The two OpenAPI files lie in the folder `graph` beside the checkout, or in GRAPH_CONTRACT_DIR. They refuse unknown
properties, so a green check means that the shape is Microsoft's.
"""

import json
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

CONTRACT_DIR = Path(os.environ.get("GRAPH_CONTRACT_DIR") or Path(__file__).resolve().parents[2] / "shared" / "graph")
FILES = {"v1.0": "openapi-subset.json", "beta": "openapi-subset-beta.json"}

needs_contract = pytest.mark.skipif(
    not all((CONTRACT_DIR / name).exists() for name in FILES.values()),
    reason=f"the description of Graph is not in {CONTRACT_DIR} (set GRAPH_CONTRACT_DIR)",
)

Json = dict[str, Any]


class ContractBroken(AssertionError):
    """A request or an answer that Microsoft's description does not allow."""


@dataclass(frozen=True)
class Operation:
    pattern: re.Pattern[str]
    literal_parts: int
    path: str
    method: str
    description: Json


class Contract:
    """One version's paths and schemas, with validators made once."""

    def __init__(self, version: str) -> None:
        self.version = version
        document = json.loads((CONTRACT_DIR / FILES[version]).read_text(encoding="utf-8"))
        for schema in document["components"]["schemas"].values():
            _choose_by_type(schema)
        self.uri = f"urn:graph:{version}"
        dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
        resource = Resource.from_contents({**document, **dialect})
        self.registry: Registry[Any] = Registry().with_resource(self.uri, resource)
        self.operations = [
            Operation(_pattern(path), path.count("/") - path.count("{"), path, method, operation)
            for path, item in document["paths"].items()
            for method, operation in item.items()
            if method in ("get", "post", "put", "patch", "delete")
        ]
        self._validators: dict[str, Draft202012Validator] = {}

    def operation(self, method: str, path: str) -> Operation:
        """The most literal path that fits. Raises ContractBroken."""
        found = [each for each in self.operations if each.method == method.lower() and each.pattern.fullmatch(path)]
        if not found:
            raise ContractBroken(f"{method} {path} is not in {self.version}")
        return max(found, key=lambda each: each.literal_parts)

    def check(self, schema: Json, value: Any, what: str) -> None:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            self._validators[key] = Draft202012Validator(_absolute(schema, self.uri), registry=self.registry)
        error = next(self._validators[key].iter_errors(value), None)
        if error is not None:
            raise ContractBroken(f"{what}: {'/'.join(map(str, error.absolute_path))}: {error.message[:400]}")


FROM_LINKS = {"$skiptoken", "$deltatoken", "$deltaToken"}
"""What Graph puts into the links that a client follows; described for no call."""


def validate_request(method: str, url: str, body: Any = None) -> None:
    """Raises ContractBroken. `url` may be absolute or start at the version; requests inside a batch are checked too."""
    version, path, query = _parts(url)
    contract = _contract(version)
    operation = contract.operation(method, path)
    known = {parameter["name"] for parameter in operation.description.get("parameters", ())}
    if unknown := set(query) - known - FROM_LINKS:
        raise ContractBroken(f"{method} {path} has no query option {min(unknown)}")
    expected = operation.description.get("requestBody")
    if body is not None and expected is None:
        raise ContractBroken(f"{method} {path} takes no body")
    if expected is not None and (body is not None or expected.get("required")):
        contract.check(_schema(expected), body, f"body of {method} {path}")
    if path == "/$batch":
        for item in body["requests"]:
            validate_request(item["method"], f"/{version}/{item['url'].lstrip('/')}", item.get("body"))


def validate_response(method: str, url: str, status: int, body: Any, *, request_body: Any = None) -> None:
    """Raises ContractBroken. Answers inside a batch are checked when `request_body` tells what was asked."""
    version, path, _ = _parts(url)
    contract = _contract(version)
    if status >= 400:
        error = {"$ref": "#/components/schemas/microsoft.graph.oDataErrors.oDataError"}
        contract.check(error, body, f"{status} of {method} {path}")
        if not (isinstance(body, dict) and body.get("error", {}).get("code")):
            raise ContractBroken(f"{status} of {method} {path} has no error code")
        return
    responses = contract.operation(method, path).description["responses"]
    if str(status) not in responses:
        raise ContractBroken(f"{method} {path} does not answer {status}, only {', '.join(responses)}")
    if "content" in responses[str(status)]:
        contract.check(_schema(responses[str(status)]), body, f"{status} of {method} {path}")
    elif body not in (None, b"", ""):
        raise ContractBroken(f"{status} of {method} {path} has no body")
    if path == "/$batch" and request_body is not None:
        _validate_inner(version, request_body, body)


def _validate_inner(version: str, request_body: Any, body: Any) -> None:
    asked = {item["id"]: item for item in request_body["requests"]}
    for item in body["responses"]:
        request = asked[item["id"]]
        url = f"/{version}/{request['url'].lstrip('/')}"
        validate_response(request["method"], url, item["status"], item.get("body"))


@cache
def _contract(version: str) -> Contract:
    return Contract(version)


def _parts(url: str) -> tuple[str, str, list[str]]:
    parts = urlsplit(url)
    version, _, rest = parts.path.lstrip("/").partition("/")
    if version not in FILES:
        raise ContractBroken(f"{url} does not start with a version of Graph")
    return version, "/" + unquote(rest).rstrip("/"), [name for name, _ in parse_qsl(parts.query, True)]


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]*\}", path)
    return re.compile(r"[^/$'()]+".join(re.escape(part) for part in parts))


def _schema(message: Json) -> Json:
    (content,) = message["content"].values()
    schema: Json = content["schema"]
    return schema


def _absolute(schema: Any, uri: str) -> Any:
    """The schema with its local references pointing into the document."""
    if isinstance(schema, dict):
        return {
            name: uri + value if name == "$ref" and value.startswith("#") else _absolute(value, uri)
            for name, value in schema.items()
        }
    return [_absolute(item, uri) for item in schema] if isinstance(schema, list) else schema


def _choose_by_type(schema: Json) -> None:
    """Where `@odata.type` tells the subtype, check that one only: the same verdict, many times faster."""
    mapping = schema.get("discriminator", {}).get("mapping")
    if not mapping:
        return
    named = {name: target for kind, target in mapping.items() for name in (kind, kind.removeprefix("#"))}
    del schema["oneOf"]
    schema |= {
        "required": ["@odata.type"],
        "properties": {"@odata.type": {"enum": sorted(named)}},
        "allOf": [
            {"if": {"properties": {"@odata.type": {"const": name}}}, "then": {"$ref": target}}
            for name, target in named.items()
        ],
    }
