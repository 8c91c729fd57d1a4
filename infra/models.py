"""Cuts botocore's data to what an asset's services need: a start reads all of it, and a container keeps it.

    endpoints.json   the older endpoints of all services, read whole by each session; those of others are left out
    service-2.json   the texts of the documentation, two thirds of a model, are made empty; missing ones are no model

A service that endpoints.json does not name gets the partition's defaults, so nothing else may be left out of it.
"""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MODEL: Final = "service-2.json.gz"
_TEXT: Final = "documentation"


def trim(botocore: Path) -> None:
    """Rewrite the data in botocore's directory; equal input gives equal bytes."""
    prefixes = set()
    for path in sorted((botocore / "data").glob(f"*/*/{_MODEL}")):
        model = json.loads(gzip.decompress(path.read_bytes()))
        prefixes |= {model["metadata"]["endpointPrefix"], path.parts[-3]}
        path.write_bytes(gzip.compress(_packed(_without_texts(model)), mtime=0))
    _cut_endpoints(botocore / "data" / "endpoints.json", prefixes)


def _cut_endpoints(path: Path, prefixes: set[str]) -> None:
    endpoints = json.loads(path.read_text())
    for partition in endpoints["partitions"]:
        partition["services"] = {name: said for name, said in partition["services"].items() if name in prefixes}
    path.write_bytes(_packed(endpoints))


def _packed(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _without_texts(value: Any) -> Any:
    """The same with empty texts; a member of a shape that is named like them is no text but an object."""
    if isinstance(value, dict):
        return dict(_members(value))
    return [_without_texts(entry) for entry in value] if isinstance(value, list) else value


def _members(value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, entry in value.items():
        yield name, "" if name == _TEXT and isinstance(entry, str) else _without_texts(entry)
