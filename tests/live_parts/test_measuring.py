"""What the live suite reads from AWS's own texts, on texts of the documented form."""

from __future__ import annotations

import io
import zipfile

import pytest

from tests.live.test_starting import init_duration, without_byte_code

TEXT = "REPORT RequestId: 1 Duration: 3.10 ms Billed Duration: 416 ms Memory Size: 1024 MB Init Duration: 412.75 ms"
JSON = '{"type": "platform.report", "record": {"metrics": {"durationMs": 3.1, "initDurationMs": 412.75}}}'


@pytest.mark.parametrize("log", [TEXT, JSON])
def test_the_start_is_read_from_a_report_of_either_form(log: str) -> None:
    assert init_duration(log) == 412.75


def test_a_warm_call_has_no_start() -> None:
    assert init_duration(TEXT.partition(" Init")[0]) is None


def test_only_byte_code_is_taken_out_of_an_asset() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in ("a.py", "__pycache__/a.cpython-313.pyc", "data.json"):
            archive.writestr(name, name)

    with zipfile.ZipFile(io.BytesIO(without_byte_code(made.getvalue()))) as rest:
        assert {name: rest.read(name).decode() for name in rest.namelist()} == {
            "a.py": "a.py",
            "data.json": "data.json",
        }
