"""Texts for users are plain American English: no archaic words, no personified code, the field's terms.

The table says which words readers stumbled over and what to write instead. It is applied to what users read: documents,
API descriptions, configuration comments, the action's metadata, the help of the command, and the messages of command,
client, configuration check, local run and action.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import pytest

from atmosphere.cleanup.report.describing import BEGIN, END
from atmosphere.cli.main import atmosphere as command

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
SERVICE: Final = ROOT / "service" / "atmosphere"
DOCUMENTS: Final = (
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    ROOT / "docs" / "api" / "openapi.yaml",
    *(ROOT / "config").glob("*.md"),
    *(ROOT / "config").glob("*.yaml"),
    ROOT / "action.yml",
    ROOT / "action" / "action.yml",
)
MODULES: Final = (
    *(SERVICE / "cli").glob("*.py"),
    *(SERVICE / "config").glob("*.py"),
    *(SERVICE / "client").glob("*.py"),
    *(SERVICE / "local").glob("*.py"),
    SERVICE / "core" / "settings.py",
    *(ROOT / "action" / "python").rglob("*.py"),
)
SCRIPTS: Final = tuple((ROOT / "action").glob("*.js"))

INSTEAD: Final = {
    r"told|tells": "reported, logged, shown, returned",
    r"(?:looks?|looked|looking)(?! up)": "a scan, scans, checks, searches",
    r"came (?:to|of)": "the result, the outcome",
    r"anew|afresh": "again, recreated",
    r"amiss": "drifted, wrong",
    r"loose": "unmanaged",
    r"lanes?|waves?": "a stack deletion, a batch",
    r"judg(?:e|es|ed|ing)": "to classify, the verdict",
    r"tally|tallies": "counts",
    r"debts?|dunned": "deferred, retried",
    r"born|births?|bury|buries|buried": "created, first capture, to write a tombstone",
    r"flies|fly": "propagates, is raised",
    r"lies?|lay": "is, is in",
    r"stands?|stood|stand-ins?": "is in, a replacement",
    r"whoever": "callers that ..., or the passive",
    r"somebody|anybody|nobody|everybody": "someone, anyone, no one, everyone, or the passive",
    r"doors?": "an entry point",
    r"rooms?": "a package, a module",
    r"outliv(?:e|es|ed|ing)": "exceeds, is still valid after",
    r"puts? right|to put right": "to fix",
    r"puts? \w*\s*back": "to restore",
    r"lets? go|letting go": "to release, to deallocate",
    r"lets? (?:\w+ )?in|letting in": "to allow",
    r"whatever": "regardless of, every",
    r"any ?more": "no longer",
    r"in vain": "without success",
    r"at home|kin|and the like": "the plain word",
    r"(?:is|are|was|were) seen": "is verified",
    r"takes? (?:it |them |\w+ )?back|taken back": "ends, releases",
    r"by hand": "manually",
    r"prove(?:s)? who|who (?:it is|they are)": "authenticates",
    r"half-way|left-over|re-use[sd]?|time-outs?": "halfway, leftover, reuse, timeout",
    r"\w*(?:behaviour|colour|favour|honour|neighbour)\w*": "American spelling: -or",
    r"\w*(?:authoris|organis|recognis|serialis|initialis|normalis|summaris|customis|optimis)\w*": "American: -iz-",
    r"cancell(?:ed|ing)|labell(?:ed|ing)|centre|licence|defence|artefact|whilst|amongst": "American spelling",
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """A use of such a word that is right, and why."""

    source: str
    text: str
    why: str


ALLOWED: Final = (
    Allowed("docs/adr/0009-clients-outlive-a-pass.md", "Clients outlive a pass", "the title names the file"),
    Allowed("docs/adr/README.md", "Clients outlive a pass", "the title of that decision"),
    Allowed("docs/architecture.md", "you look for", "the reader searches, not the code"),
    Allowed("service/atmosphere/local/wire.py", "Transaction cancelled", "the text of DynamoDB"),
)


def prose(text: str) -> str:
    """A document without what is no prose of ours: code in back-ticks, targets of links, the generated table."""
    before, _, rest = text.partition(BEGIN)
    text = before + rest.partition(END)[2]  # its words are those of cleanup/report/describing.py
    return re.sub(r"`[^`\n]+`|(?<=\])\([^)\s]+\)", "", text)


def documents() -> Iterator[tuple[str, str]]:
    for path in DOCUMENTS:
        text = path.read_text()
        if path.name == "CHANGELOG.md":
            text = re.split(r"^## \[\d", text, maxsplit=1, flags=re.MULTILINE)[0]  # what is released stays as it was
        yield str(path.relative_to(ROOT)), prose(text)


def helps(entry: click.Command, name: str) -> Iterator[tuple[str, str]]:
    """The help of a command, of its options and of its subcommands."""
    options = (option.help or "" for option in entry.params if isinstance(option, click.Option))
    yield f"{name} --help", "\n".join((entry.help or "", entry.epilog or "", *options))
    if isinstance(entry, click.Group):
        context = click.Context(entry)
        for part in entry.list_commands(context):
            inner = entry.get_command(context, part)
            assert inner is not None
            yield from helps(inner, f"{name} {part}")


def messages(path: Path) -> str:
    """The string literals of a module that may reach a user: all but its docstrings."""
    tree = ast.parse(path.read_text())
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    literals = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in statements)
    return "\n".join(prose(node.value) for node in literals if isinstance(node.value, str))


def literals(path: Path) -> str:
    """The string literals of a script."""
    code = re.sub(r"/\*.*?\*/|(?<![:\w])//[^\n]*", "", path.read_text(), flags=re.DOTALL)
    return "\n".join(re.findall(r"'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`", code))


@cache
def texts() -> tuple[tuple[str, str], ...]:
    return (
        *documents(),
        *helps(command, "atmosphere"),
        *((str(path.relative_to(ROOT)), messages(path)) for path in MODULES),
        *((str(path.relative_to(ROOT)), literals(path)) for path in SCRIPTS),
    )


def without_allowed(source: str, text: str) -> str:
    for allowed in ALLOWED:
        if allowed.source == source:
            text = text.replace(allowed.text, "")
    return text


@pytest.mark.parametrize("words", INSTEAD)
def test_users_read_plain_words(words: str) -> None:
    pattern = re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.IGNORECASE)
    found = [
        f"{source}: {line.strip()}"
        for source, text in texts()
        for line in without_allowed(source, text).splitlines()
        if pattern.search(line)
    ]
    assert found == [], f"write instead: {INSTEAD[words]}"


@pytest.mark.parametrize("allowed", ALLOWED, ids=lambda allowed: f"{allowed.source}: {allowed.text}")
def test_what_is_allowed_is_still_there(allowed: Allowed) -> None:
    assert any(source == allowed.source and allowed.text in text for source, text in texts())
    assert allowed.why


def test_all_kinds_of_texts_are_read() -> None:
    together = dict(texts())
    assert "List all problems" in together["atmosphere config check --help"]
    assert "is listed twice" in together["service/atmosphere/config/access_checks.py"]
    assert "Invalid inputs" in together["action/python/atmosphere_action/errors.py"]
    assert "Environment not released" in together["action/shim.js"]
    assert "The pool to allocate an environment from." in together["action.yml"]
