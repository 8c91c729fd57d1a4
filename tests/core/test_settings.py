"""A setting is one row: what it is called in the file, its bounds, its default and its JSON all come from it."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import Final

import pytest

from atmosphere.core.settings import ROWS, Form, Row, Settings, settings_from_json, settings_to_json

NUMBERS: Final = [row for row in ROWS if row.form in {Form.SECONDS, Form.COUNT}]
SETTINGS: Final = Settings(role_names=("Admin",))


def _number(row: Row) -> float:
    default = row.default
    return default.total_seconds() if isinstance(default, timedelta) else default


def test_every_setting_has_a_row_and_a_purpose() -> None:
    assert [row.field for row in ROWS] == [entry.name for entry in fields(Settings)]
    assert all(row.description for row in ROWS)
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_only_the_roles_that_may_be_assumed_have_to_be_named() -> None:
    assert [row.name for row in ROWS if row.required] == ["role_names"]


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row.name)
def test_a_default_is_within_its_bounds(row: Row) -> None:
    assert row.low is not None
    assert row.high is not None
    assert row.low <= _number(row) <= row.high


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_duration_and_nothing_else_has_its_unit_in_its_name(row: Row) -> None:
    assert row.name.endswith("_seconds") is (row.form is Form.SECONDS)
    assert isinstance(row.default, timedelta) is (row.form is Form.SECONDS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_settings_are_not_read_from_values_that_lack_one(row: Row) -> None:
    values = settings_to_json(SETTINGS)
    assert settings_from_json(values) == SETTINGS
    del values[row.name]
    with pytest.raises(KeyError):
        settings_from_json(values)


def test_an_audience_that_the_file_leaves_out_is_none() -> None:
    assert settings_from_json(settings_to_json(SETTINGS) | {"audience": None}).audience == ""
