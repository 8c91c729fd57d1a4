"""What editors, chats and merges leave in a file is called by its name, with the line and what to do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from atmosphere.config import yamlfile
from atmosphere.config.load import check
from tests.config.conftest import EXAMPLES

if TYPE_CHECKING:
    from atmosphere.config.problems import Problem
    from tests.config.conftest import Configuration

ENVIRONMENTS, ACCESS, SETTINGS = "environments.yaml", "access.yaml", "settings.yaml"
CONFLICT = "<<<<<<< HEAD\n    pool: demo\n=======\n    pool: release\n>>>>>>> feature"

# (file, the text there, what became of it, part of the message, part of the remedy)
MET = {
    "merge conflict": (
        ENVIRONMENTS,
        "    pool: demo",
        CONFLICT,
        "a merge conflict marker (<<<<<<< HEAD)",
        "resolve the conflict",
    ),
    "second half of a conflict": (
        ENVIRONMENTS,
        "    pool: demo",
        ">>>>>>> 1f2e3d4 (a commit)",
        "a merge conflict marker (>>>>>>> 1f2e3d4 (a commit))",
        "resolve the conflict",
    ),
    "no-break space": (
        ENVIRONMENTS,
        "pool: demo",
        "pool:\u00a0demo",
        "(U+00A0, no-break space)",
        "replace it with a plain space",
    ),
    "narrow no-break space in the indentation": (
        ENVIRONMENTS,
        "    pool: demo",
        "  \u202f pool: demo",
        "(U+202F, narrow no-break space)",
        "replace it with a plain space",
    ),
    "ideographic space": (ACCESS, "pools: [demo", "pools:\u3000[demo", "(U+3000, ideographic space)", "plain space"),
    "zero width space": (
        ACCESS,
        "runner",
        "run\u200bner",
        "an invisible character (U+200B, zero width space)",
        "remove it",
    ),
    "text that turns its direction": (
        ACCESS,
        "# Who may",
        "# \u202eWho may",
        "an invisible character (U+202E, right-to-left override)",
        "a reviewer cannot see it",
    ),
    "curly quotes": (
        ENVIRONMENTS,
        '"222222222222"',
        "\u201c222222222222\u201d",
        "has curly quotes",
        'use straight quotes: "222222222222"',
    ),
    "single curly quotes": (ACCESS, "role: operator", "role: \u2018operator\u2019", "has curly quotes", '"operator"'),
    "roles of a rule as a string": (
        ACCESS,
        "roles: [runner]",
        "roles: runner",
        'the string "runner" is not a list',
        "write a list: roles: [runner]",
    ),
    "roles of an environment as a string": (
        ENVIRONMENTS,
        "regions: [eu-central-1]",
        "roles: arn:aws:iam::555555555555:role/AtmosphereAdmin",
        "is not a map",
        "write a map: roles: {NAME: arn:aws:iam::555555555555:role/AtmosphereAdmin}",
    ),
    "hours": (
        SETTINGS,
        "session_seconds: 10800",
        "session_seconds: 3h",
        '"3h" has a unit, but this is a number of seconds',
        "write 10800",
    ),
    "minutes": (SETTINGS, "session_seconds: 10800", "session_seconds: 90 min", '"90 min" has a unit', "write 5400"),
    "base 60": (
        SETTINGS,
        "session_seconds: 10800",
        "session_seconds: 3:00:00",
        "as a number in base 60 or as a string",
        "plain decimal digits",
    ),
    "a number in quotes": (SETTINGS, "10800", '"10800"', "in quotes is a string, not a number", "10800"),
    "an account that begins with zero": (
        ENVIRONMENTS,
        '"222222222222"',
        "012345678901",
        "as an octal number, as a decimal one or as a string",
        'put it in quotes: "012345678901"',
    ),
    "Norway": (ACCESS, "role: operator", "role: no", "as a boolean or as a string", 'put it in quotes: "no"'),
    "more digits than JavaScript keeps": (
        ENVIRONMENTS,
        "vpcs: 20",
        "vpcs: 9007199254740993",
        "read differently by different tools",
        "quotes",
    ),
    "the tag that means nothing": (ENVIRONMENTS, "pool: demo", "pool: ! demo", "a tag (!)", "remove it"),
}


def errors(configuration: Configuration) -> tuple[Problem, ...]:
    checked = check(configuration.directory)
    assert checked.snapshot is None
    return checked.problems


@pytest.mark.parametrize("met", MET)
def test_what_people_meet_is_called_by_its_name_at_its_line(configuration: Configuration, met: str) -> None:
    file, old, new, what, remedy = MET[met]
    configuration.replace(file, old, new)
    line = configuration.line_of(file, new.splitlines()[0])

    found = [problem for problem in errors(configuration) if what in problem.what]

    assert [(problem.file, problem.line) for problem in found] == [(file, line)], errors(configuration)
    assert remedy in found[0].remedy


@pytest.mark.parametrize("name", ["environments.yml", "Environments.yaml"])
def test_a_file_under_a_name_that_is_not_read_is_named_where_the_right_one_is_missing(
    configuration: Configuration, name: str
) -> None:
    (configuration.directory / ENVIRONMENTS).rename(configuration.directory / name)

    (problem,) = [problem for problem in errors(configuration) if problem.file == ENVIRONMENTS]

    assert problem.what == f"the file is missing, but {name} is there, which is not read"
    assert problem.remedy == f"rename {name} to environments.yaml"


def test_a_file_under_a_name_that_is_not_read_is_refused_beside_the_right_one(configuration: Configuration) -> None:
    configuration.write("access.yml", configuration.text(ACCESS))

    (problem,) = errors(configuration)

    assert (problem.file, problem.line, problem.what) == ("access.yml", 1, "this file is not read: access.yaml is")


def test_what_a_comment_says_may_have_its_own_spaces_and_quotes(configuration: Configuration) -> None:
    configuration.append(ACCESS, "# \u00ab\u00a0who may\u00a0\u00bb \u201cand why\u201d; ======= not a conflict\n")

    assert check(configuration.directory).snapshot is not None


# --- editors ------------------------------------------------------------------------------------------------------


def editor(configuration: Configuration, name: str) -> subprocess.CompletedProcess[str]:
    """What a checker says that knows only the JSON Schema, as an editor does."""
    schema = EXAMPLES / "schema" / f"{name}.json"
    program, file = Path(sys.executable).with_name("check-jsonschema"), configuration.directory / f"{name}.yaml"
    command: list[str | Path] = [program, "--schemafile", schema, file]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["environments", "access", "settings"])
def test_an_editor_finds_the_examples_right(configuration: Configuration, name: str) -> None:
    done = editor(configuration, name)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("met", ["roles of a rule as a string", "hours", "roles of an environment as a string"])
def test_an_editor_marks_a_wrong_shape_before_the_check_does(configuration: Configuration, met: str) -> None:
    file, old, new, _, _ = MET[met]
    configuration.replace(file, old, new)

    assert editor(configuration, file.removesuffix(".yaml")).returncode == 1


@pytest.mark.parametrize("file", [ENVIRONMENTS, ACCESS, SETTINGS])
def test_a_key_that_an_editor_offers_has_a_description(file: str) -> None:
    schema = json.loads((EXAMPLES / "schema" / file.replace(".yaml", ".json")).read_text())
    shapes = [schema, *schema.get("$defs", {}).values()]
    assert [name for shape in shapes for name, key in shape["properties"].items() if not key.get("description")] == []


def test_the_examples_mean_the_same_to_pyyaml(configuration: Configuration) -> None:
    for file in (ENVIRONMENTS, ACCESS, SETTINGS):
        assert yamlfile.read(configuration.directory / file).value == yaml.safe_load(configuration.text(file))
