"""The lint of the stacks fails on a finding without a reason, and on a reason without a finding."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

ROW = {"rule": r"IAM5\[Resource::\*\]", "where": "atmosphere/Role", "why": "because"}


@pytest.fixture(scope="module")
def nag() -> Any:
    """Imported when it is first used, as the rest of the CDK's side (`tests/infra/cdk.py`)."""
    return import_module("infra.nag")


def test_a_finding_that_no_row_accepts_fails(nag: Any) -> None:
    found = nag.Found("IAM5[Resource::*]", "atmosphere/Role")
    rows = [nag.Accepted(**ROW)]
    assert list(nag.judge([found], rows)) == []
    for other in (nag.Found("IAM5[Resource::*]", "atmosphere/OtherRole"), nag.Found("S10", "atmosphere/Role")):
        (line,) = nag.judge([found, other], rows)
        assert line.startswith(f"{other.where}: {other.rule}:")


def test_a_row_that_accepts_nothing_fails(nag: Any) -> None:
    (line,) = nag.judge([], [nag.Accepted(**ROW)])
    assert line.startswith(ROW["rule"])


def test_every_row_has_a_reason(nag: Any) -> None:
    assert all(len(row.why.split()) > 5 for row in nag.ACCEPTED)


def test_a_template_that_is_not_valid_is_told(nag: Any, tmp_path: Path) -> None:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeot": 5}}
    (tmp_path / "x.template.json").write_text(json.dumps({"Resources": {"Queue": queue}}))
    assert "VisibilityTimeot" in nag.invalid(tmp_path)
