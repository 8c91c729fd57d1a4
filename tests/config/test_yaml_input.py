"""Files that are not plain, small, single YAML documents are refused with their line, and never expanded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atmosphere.config import yamlfile
from atmosphere.config.load import check

if TYPE_CHECKING:
    from pathlib import Path

    from tests.config.conftest import Configuration

FILE = "environments.yaml"


def only_problem(configuration: Configuration) -> tuple[int, str, str]:
    checked = check(configuration.directory)
    assert checked.snapshot is None
    (problem,) = [problem for problem in checked.problems if problem.file == FILE]
    assert problem.remedy
    return problem.line, problem.path, problem.what


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        pytest.param(b"", 1, "the file is empty", id="empty"),
        pytest.param(b"# nothing\n", 1, "the file is empty", id="comments only"),
        pytest.param(b"- a\n", 1, "not a map of keys to values", id="a list"),
        pytest.param(b"hello\n", 1, "not a map of keys to values", id="a text"),
        pytest.param(b"environments: []\n---\na: b\n", 2, "a second document", id="two documents"),
        pytest.param(b"# a\n# \xe9\n", 2, "byte 6 is not UTF-8", id="latin-1"),
        pytest.param("environments: []".encode("utf-16"), 1, "byte 0 is not UTF-8", id="utf-16"),
        pytest.param(b"environments:\n  - a: \x00\n", 2, "a control character (U+0000)", id="null byte"),
        pytest.param(b"environments: []\n# \x1b[31m\n", 2, "a control character (U+001B)", id="escape"),
        pytest.param(b"environments:\n\t- a: b\n", 2, "a tab at the start of a line", id="tab"),
        pytest.param(b"environments: [\n", 2, "this is not YAML", id="open bracket"),
        pytest.param(b"environments:\n  - a: b: c\n", 2, "this is not YAML", id="two colons"),
        pytest.param(b"environments: []\n#" + b"x" * 5_000_000, 1, "larger than 1048576 bytes", id="5 MB"),
        pytest.param(b"environments: " + b"[" * 500_000, 1, "nested deeper than 12 levels", id="deep lists"),
        pytest.param(b"environments: " + b"{a: " * 200_000, 1, "nested deeper than 12 levels", id="deep maps"),
        pytest.param(b"? " * 400_000, 1, "a key that is a list or a map", id="deep keys"),
        pytest.param(b"environments: [" + b"a," * 500_000 + b"]", 1, "too many entries", id="half a million entries"),
        pytest.param(b"environments: [" + b"*a," * 300_000 + b"]", 1, "an alias", id="300 000 aliases"),
    ],
)
@pytest.mark.timeout(20)
def test_a_file_that_is_not_a_plain_document_is_refused(
    configuration: Configuration, content: bytes, line: int, what: str
) -> None:
    configuration.write(FILE, content)

    problems = [problem for problem in check(configuration.directory).problems if problem.file == FILE]

    assert what in problems[0].what
    assert problems[0].line == line


@pytest.mark.parametrize("file", ["environments.yaml", "access.yaml", "settings.yaml"])
def test_a_missing_file_is_named(configuration: Configuration, file: str) -> None:
    (configuration.directory / file).unlink()

    checked = check(configuration.directory)

    assert checked.snapshot is None
    assert [problem.file for problem in checked.problems if "is missing" in problem.what] == [file]


def test_a_directory_in_place_of_a_file_is_named(configuration: Configuration) -> None:
    (configuration.directory / FILE).unlink()
    (configuration.directory / FILE).mkdir()

    assert only_problem(configuration) == (1, "", "this is a directory")


def test_an_alias_bomb_is_refused_without_being_expanded(configuration: Configuration) -> None:
    bomb = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'x'}]\n" for n in range(30))
    configuration.write(FILE, bomb + configuration.text(FILE))

    problems = check(configuration.directory).problems

    assert any("an anchor (&a0)" in problem.what and problem.line == 1 for problem in problems)
    assert any("an alias (*a0)" in problem.what and problem.line == 2 for problem in problems)


@pytest.mark.parametrize(
    ("old", "new", "path", "what"),
    [
        pytest.param("pool: demo", "pool: !!python/name:os.system demo", "pool", "a tag", id="tag"),
        pytest.param("pool: demo", "pool: &p demo", "pool", "an anchor (&p)", id="anchor"),
        pytest.param("pool: demo", "pool: *p", "pool", "an alias (*p)", id="alias"),
        pytest.param("pool: demo", "pool: demo\n    pool: other", "pool", '"pool" is duplicated', id="twice"),
        pytest.param("pool: demo", "<<: {pool: demo}", "<<", 'the key "<<"', id="merge"),
        pytest.param("pool: demo", "pool: 2026-01-01", "pool", "read differently", id="date"),
        pytest.param("pool: demo", "pool: no", "pool", "read differently", id="norway"),
        pytest.param("pool: demo", "pool: 0x1f", "pool", "read differently", id="hexadecimal"),
        pytest.param("pool: demo", "pool: 1:30", "pool", "read differently", id="sexagesimal"),
        pytest.param("pool: demo", "pool: .nan", "pool", "read differently", id="not a number"),
        pytest.param("pool: demo", "pool: 1e400", "pool", "read differently", id="infinite"),
        pytest.param("pool: demo", "? [a]\n    : b\n    pool: demo", "", "a key that is a list", id="key is a list"),
        pytest.param("pool: demo", "1: a\n    pool: demo", "1", 'the key "1"', id="key is a number"),
    ],
)
def test_what_a_reviewer_could_overlook_is_refused_at_its_line(
    configuration: Configuration, old: str, new: str, path: str, what: str
) -> None:
    configuration.replace(FILE, old, new)

    problems = check(configuration.directory).problems

    first = configuration.line_of(FILE, new.splitlines()[0])
    found = [(problem.line, problem.path) for problem in problems if what in problem.what]
    assert found, problems
    assert found[0][0] in (first, first + 1)
    assert found[0][1].removeprefix("environments[0]").removeprefix(".") == path


def test_a_fault_of_an_entry_is_reported_once_and_the_other_entries_are_still_checked(
    configuration: Configuration,
) -> None:
    configuration.replace(FILE, 'account: "222222222222"', "account: 012345678901")
    configuration.replace(
        FILE, "role/AtmosphereAdmin\n    external_id: atmosphere-example\n    regions", "role/Oops\n    regions"
    )

    found = [(problem.path, problem.what[:20]) for problem in check(configuration.directory).problems]

    assert found == [
        ("environments[0].account", '"012345678901" witho'),
        ("environments[3].admin_role", "the role name Oops i"),
    ]


@given(st.binary(max_size=300) | st.text(alphabet="ab:- \n[]{}&*!|>'\"%#?,\t0.", max_size=120).map(str.encode))
def test_no_content_at_all_makes_reading_raise(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path: Path = tmp_path_factory.getbasetemp() / "anything.yaml"
    path.write_bytes(content)

    read = yamlfile.read(path)

    assert read.faults or read.value is not None or b"" in content
    assert all(fault.line >= 1 and fault.what and fault.remedy for fault in read.faults)
