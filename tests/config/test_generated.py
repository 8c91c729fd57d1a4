"""What is generated is fresh: JSON Schemas from the shapes, regions from botocore; and the README knows every key."""

from __future__ import annotations

import json
from pathlib import Path

import botocore
import pytest

from atmosphere.config import schema
from atmosphere.config.regions import REGIONS
from atmosphere.config.shapes import SHAPES
from tests.config.conftest import EXAMPLES


def test_the_schemas_in_the_repository_are_those_of_the_shapes() -> None:
    assert schema.stale(EXAMPLES) == (), "run `atmosphere config schema --write`"


def test_an_outdated_schema_is_noticed_and_written_anew(tmp_path: Path) -> None:
    schema.write(tmp_path)
    (tmp_path / "schema" / "access.json").write_text("{}")
    (tmp_path / "schema" / "settings.json").unlink()

    assert schema.stale(tmp_path) == ("access.json", "settings.json")
    schema.write(tmp_path)
    assert schema.stale(tmp_path) == ()


@pytest.mark.parametrize("file", SHAPES)
def test_each_file_names_its_schema(file: str) -> None:
    first = (EXAMPLES / file).read_text().splitlines()[0]

    reference = first.removeprefix("# yaml-language-server: $schema=")
    assert (EXAMPLES / reference).resolve() == EXAMPLES / "schema" / file.replace(".yaml", ".json")


def test_the_regions_are_those_that_botocore_knows() -> None:
    partitions = json.loads((Path(botocore.__file__).parent / "data" / "partitions.json").read_text())["partitions"]

    known = {
        partition["id"]: tuple(sorted(region for region in partition["regions"] if not region.endswith("-global")))
        for partition in partitions
    }
    assert known == REGIONS


def _keys() -> list[str]:
    keys = set()
    for shape in SHAPES.values():
        text = shape.model_json_schema()
        keys |= set(text["properties"])
        for part in text.get("$defs", {}).values():
            keys |= set(part["properties"])
    return sorted(keys)


@pytest.mark.parametrize("key", _keys())
def test_every_key_is_in_the_readme(key: str) -> None:
    assert f"`{key}`" in (EXAMPLES / "README.md").read_text()
