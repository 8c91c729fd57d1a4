"""`atmosphere cleanup covers`: what cleaning finds of the types that a folder of templates uses."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import yaml

from atmosphere.cli.exits import Exit
from atmosphere.cli.options import json_option
from atmosphere.cli.output import note, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from atmosphere.cleanup.report.coverage import Coverage

_COVERS: Final = (
    "Exit codes: 0 every type is found, 1 some types are not, 2 wrong usage, 3 a template could not be read."
)
_SUFFIXES: Final = (".json", ".yaml", ".yml", ".template")
_OTHERS: Final = re.compile(r"asset\..*|node_modules|\.git|\.venv")
"""Folders that hold no templates of the application's: sources of its functions, and what others wrote."""
_TEMPLATE: Final = re.compile(r"""^\s*["']?Resources["']?\s*:""", re.MULTILINE)
_TYPE: Final = re.compile(r"\w+(::\w+)+")


class _Loader(yaml.SafeLoader):
    """Plain YAML, where a function in short form (`!Ref`) is nothing."""


_Loader.add_multi_constructor("!", lambda *_: None)


@dataclass
class _Found:
    """The resources and the templates by type, and which files could not be read."""

    templates: int = 0
    resources: Counter[str] = field(default_factory=Counter)
    users: Counter[str] = field(default_factory=Counter)
    unread: dict[str, str] = field(default_factory=dict)


@click.command("covers", epilog=_COVERS)
@click.argument("directory", type=click.Path(path_type=Path, exists=True))
@json_option
def covers_command(*, directory: Path, as_json: bool) -> None:
    """Show what cleaning finds of the resource types in the templates of DIRECTORY, like a synthesized `cdk.out`.

    It reads templates in JSON and YAML, in all subfolders but assets, and calls nothing.
    """
    from atmosphere.cleanup.report.coverage import coverage_of  # noqa: PLC0415 -- what loads boto3 waits

    found = _read(directory)
    coverage = {type_: coverage_of(type_) for type_ in found.resources}
    if as_json:
        print_json(_as_json(found, coverage))
    else:
        _print(found, coverage)
    for path, reason in found.unread.items():
        note(f"{path} could not be read: {reason}")
    if found.unread:
        raise click.exceptions.Exit(Exit.UNKNOWN)
    if any(each.is_missed for each in coverage.values()):
        raise click.exceptions.Exit(Exit.PROBLEMS)


def _read(directory: Path) -> _Found:
    found = _Found()
    for path in _files(directory):
        text = path.read_text(encoding="utf-8", errors="replace")
        if not _TEMPLATE.search(text) and '"Resources"' not in text:
            continue
        try:
            types = _types(json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, _Loader))  # noqa: S506
        except (ValueError, yaml.YAMLError) as error:
            found.unread[str(path)] = str(error).partition("\n")[0]
            continue
        found.templates += bool(types)
        found.resources.update(types)
        found.users.update(set(types))
    return found


def _files(directory: Path) -> Iterator[Path]:
    """Whatever may be a template."""
    if directory.is_file():
        yield directory
        return
    for path in sorted(directory.iterdir()):
        if path.is_dir() and not _OTHERS.fullmatch(path.name):
            yield from _files(path)
        elif path.is_file() and path.suffix in _SUFFIXES:
            yield path


def _types(template: Any) -> list[str]:
    """The type of each resource; none of what is no template."""
    resources = template.get("Resources") if isinstance(template, dict) else None
    bodies = resources.values() if isinstance(resources, dict) else ()
    types = [body.get("Type") for body in bodies if isinstance(body, dict)]
    return [each for each in types if isinstance(each, str) and _TYPE.fullmatch(each)]


def _as_json(found: _Found, coverage: Mapping[str, Coverage]) -> dict[str, Any]:
    return {
        "templates": found.templates,
        "types": [
            {
                "type": type_,
                "coverage": str(coverage[type_]),
                "templates": found.users[type_],
                "resources": found.resources[type_],
            }
            for type_ in sorted(coverage)
        ],
        "totals": _totals(found, coverage),
        "unread": found.unread,
    }


def _totals(found: _Found, coverage: Mapping[str, Coverage]) -> dict[str, dict[str, int]]:
    """How many types, and how many resources, by what deletes them."""
    names = sorted({str(each) for each in coverage.values()})
    types = Counter(str(each) for each in coverage.values())
    resources: Counter[str] = Counter()
    for type_, each in coverage.items():
        resources[str(each)] += found.resources[type_]
    return {name: {"types": types[name], "resources": resources[name]} for name in names}


_SAYS: Final = {
    "row": "found and deleted",
    "owner": "deleted with what it is a part of",
    "stack": "gone with its stack",
    "ended": "none: AWS has ended the service",
    "id": "only if a stack made it: by its id, through Cloud Control",
    "nothing": "nothing finds it, and Cloud Control cannot delete it",
}


def _print(found: _Found, coverage: Mapping[str, Coverage]) -> None:
    """What is not found first, then the numbers."""
    missed = [type_ for type_, _ in found.users.most_common() if coverage[type_].is_missed]
    rows = [(each, str(found.users[each]), str(found.resources[each]), _SAYS[coverage[each]]) for each in missed]
    print_table(("type", "templates", "resources", "what deletes it"), rows, empty="cleaning finds every type")
    totals = _totals(found, coverage)
    counts = {says: totals[name] for name, says in _SAYS.items() if name in totals}
    lines = [(says, str(each["types"]), str(each["resources"])) for says, each in counts.items()]
    print_table((f"in {found.templates} templates", "types", "resources"), lines, empty="there is no template")
    print(_share(totals))


def _share(totals: Mapping[str, Mapping[str, int]]) -> str:
    """Of what can be left behind."""
    left = {name: each for name, each in totals.items() if name not in ("stack", "ended")}
    shares = []
    for what in ("types", "resources"):
        whole, part = (sum(left[name][what] for name in names if name in left) for names in (left, ("row", "owner")))
        shares.append(f"{100 * part / whole:.1f} % of the {what}" if whole else f"no {what}")
    return f"of what can be left behind cleaning finds {' and '.join(shares)}"
