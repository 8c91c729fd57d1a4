"""The configuration in force, as operators read it from a deployment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from atmosphere.core.snapshot import canonical, digest, from_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.core.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What is in force, and the sha-256 that names it."""

    digest: str
    snapshot: Snapshot


def configuration(value: Mapping[str, Any]) -> Configuration:
    """The reply to `GET /configuration`; raises `ValueError` for one that another version made, or that was cut."""
    text = canonical(value["configuration"])
    if digest(text) != value["digest"]:
        raise ValueError("the configuration does not have the digest that the service sent with it")
    return Configuration(digest=value["digest"], snapshot=from_json(text))
