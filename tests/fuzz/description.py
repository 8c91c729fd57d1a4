"""docs/api/openapi.yaml as one caller uses it: its tree only, with names that exist where a name is asked for."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from atmosphere.contract import GITHUB_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FILE: Final = Path(__file__).parents[2] / "docs" / "api" / "openapi.yaml"
DOCUMENT: Final[dict[str, Any]] = yaml.safe_load(FILE.read_text())
WEBHOOK: Final = f"{GITHUB_ROOT}/webhook"
_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "trace"})


@dataclass(frozen=True, slots=True)
class Names:
    """What exists: without such names almost every request is refused for a pool that nobody has."""

    pools: Sequence[str]
    environments: Sequence[tuple[str, str]]
    allocations: Sequence[str] = ()


def described(names: Names, *, github: bool) -> dict[str, Any]:
    """The file for a caller of one tree.

    It leaves out who may call, which the transport adds, and `text/plain`, under which schemathesis would send Python's
    words; the transport says `text/plain` of JSON, as the npm client does.
    """
    document: dict[str, Any] = copy.deepcopy(DOCUMENT)  # anchors of YAML are one object: everything gets its own
    document["servers"] = [{"url": "/"}]
    document.pop("security")
    document["paths"] = {
        path: item for path, item in document["paths"].items() if path.startswith(GITHUB_ROOT) is github
    }
    for item in document["paths"].values():
        for operation in _operations(item):
            operation.pop("security", None)
            operation.get("requestBody", {}).get("content", {}).pop("text/plain", None)
    _name(document, names)
    return document


def _operations(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (operation for method, operation in item.items() if method in _METHODS)


def _name(document: dict[str, Any], names: Names) -> None:
    places = [f"{account}/{region}" for account, region in names.environments]
    known = {
        "pool": list(names.pools),
        "account": sorted({account for account, _ in names.environments}),
        "region": sorted({region for _, region in names.environments}),
        "environment": places,
        "id": list(names.allocations),
    }
    shared = document["components"]["parameters"].values()
    inline = (
        parameter
        for item in document["paths"].values()
        for holder in (item, *_operations(item))
        for parameter in holder.get("parameters", ())
    )
    for parameter in (*shared, *inline):
        if known.get(parameter.get("name")):
            parameter["schema"] = _or(known[parameter["name"]], parameter["schema"])
            parameter.pop("example", None)
    allocate = document["components"]["schemas"]["AllocateRequest"]["properties"]
    allocate["pool"] = _or(known["pool"], allocate["pool"])
    _rename_examples(document, names.pools[0])


def _or(known: list[str], schema: dict[str, Any]) -> dict[str, Any]:
    """What exists, or else anything that the file allows."""
    return {"anyOf": [{"type": "string", "enum": known}, schema]}


def _rename_examples(value: object, pool: str) -> None:
    """Examples name the example's pool."""
    if isinstance(value, dict):
        if isinstance(value.get("pool"), str):
            value["pool"] = pool
        for part in value.values():
            _rename_examples(part, pool)
    elif isinstance(value, list):
        for part in value:
            _rename_examples(part, pool)
