"""No permission comes or goes unseen: docs/permissions.md lists each, and a difference shows the line."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from tests.infra.permissions import TABLE, document, lines, read

if TYPE_CHECKING:
    from pathlib import Path


def listed() -> set[str]:
    return {line for line in TABLE.read_text().splitlines() if line.startswith("| `")}


def test_every_permission_is_listed_and_nothing_else(full_assembly: Path) -> None:
    found = {line for template in read(full_assembly).values() for line in lines(template)}
    assert found - listed() == set(), "a new permission: review it, then run python -m tests.infra.permissions"
    assert listed() - found == set(), "a permission is gone: run python -m tests.infra.permissions"
    assert TABLE.read_text() == document(read(full_assembly))


def test_without_options_a_deployment_has_no_permission_that_is_not_listed(assembly: Path) -> None:
    """The topic's key is the one thing that another option replaces."""
    found = {line for template in read(assembly).values() for line in lines(template)}
    assert {line for line in found - listed() if "AlarmTopicKey" not in line} == set()


def test_one_action_more_is_noticed(full_assembly: Path) -> None:
    template = copy.deepcopy(read(full_assembly)["atmosphere"])
    role = next(
        entry["Properties"]
        for entry in template["Resources"].values()
        if entry["Properties"].get("RoleName") == "atmosphere-query"
    )
    role["Policies"][0]["PolicyDocument"]["Statement"].append({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    (found,) = set(lines(template)) - listed()
    assert found == "| `QueryRole` | `Allow` | `s3:*` | `*` |  |"
