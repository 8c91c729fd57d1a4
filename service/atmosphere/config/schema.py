"""JSON Schemas of the files, for editors: generated from the shapes and kept in `config/schema/`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from atmosphere.config.shapes import SHAPES

if TYPE_CHECKING:
    from pathlib import Path

DIRECTORY: Final = "schema"


def schemas() -> dict[str, str]:
    """The text of every schema by file name, e.g. `environments.json`."""
    texts = {}
    for file, shape in SHAPES.items():
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **shape.model_json_schema()}
        texts[file.replace(".yaml", ".json")] = json.dumps(schema, indent=2) + "\n"
    return texts


def stale(directory: Path) -> tuple[str, ...]:
    """The schema files under a configuration directory that are missing or differ from the shapes."""
    return tuple(name for name, text in schemas().items() if _present(directory / DIRECTORY / name) != text)


def write(directory: Path) -> tuple[Path, ...]:
    """Write the schema files under a configuration directory; the answer lists them. Raises `OSError`."""
    target = directory / DIRECTORY
    target.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (target / name).write_text(text, encoding="utf-8")
    return tuple(target / name for name in schemas())


def _present(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
