"""What the tenant consists of, read from `tenant.json`: schools, computer models, apps, groups, filters."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEFAULT_FILE = Path(__file__).with_name("tenant.json")


@dataclass(frozen=True, slots=True)
class School:
    school_unit_code: str
    name: str
    administration: str
    school_form: str
    group_tag: str
    weight: int
    mac_share: float = 0.0


@dataclass(frozen=True, slots=True)
class HardwareModel:
    manufacturer: str
    name: str
    marketing_name: str
    platform: str
    memory_gb: int
    storage_gb: int
    weight: int

    @property
    def is_mac(self) -> bool:
        return self.platform == "macos"


@dataclass(frozen=True, slots=True)
class AppSpec:
    """`failure_by_model` overrides `failure_rate`; `error_codes` are signed 32-bit numbers with their text. The
    inventory finds the app on `kept_share` of the computers that have installed it: from the others somebody took it.
    """

    id: str
    display_name: str
    publisher: str
    version: str
    type: str
    size_mb: int
    description: str
    assignments: list[dict[str, Any]]
    failure_rate: float = 0.01
    failure_by_model: dict[str, float] = field(default_factory=dict)
    error_codes: list[dict[str, Any]] = field(default_factory=list)
    minimum_free_disk_mb: int = 0
    minimum_memory_mb: int = 0
    kept_share: float = 1.0
    publishing_state: str = "published"
    package_identifier: str = ""
    bundle_id: str = ""
    app_url: str = ""

    @property
    def platform(self) -> str | None:
        """`windows`, `macos`, or None for what runs in any browser."""
        if self.type == "webApp":
            return None
        return "macos" if self.type.startswith("macOS") else "windows"


@dataclass(frozen=True, slots=True)
class Tenant:
    name: str
    tenant_id: str
    domain: str
    administrations: list[dict[str, str]]
    school_forms: list[dict[str, str]]
    schools: list[School]
    hardware_models: list[HardwareModel]
    apps: list[AppSpec]
    groups: list[dict[str, Any]]
    filters: list[dict[str, str]]
    deployment_profiles: list[dict[str, Any]]


def load_tenant(path: Path = DEFAULT_FILE) -> Tenant:
    """Raises ValueError with the file's name when it is not JSON or lacks a part."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Tenant(
            **data["municipality"],
            administrations=data["administrations"],
            school_forms=data["school_forms"],
            schools=[School(**school) for school in data["schools"]],
            hardware_models=[HardwareModel(**model) for model in data["hardware_models"]],
            apps=[AppSpec(**app) for app in data["apps"]],
            groups=data["groups"],
            filters=data["filters"],
            deployment_profiles=data["deployment_profiles"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from error
