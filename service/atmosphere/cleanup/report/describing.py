"""The catalogue in words: the table of docs/cleanup.md, made from what the types themselves say."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.aws.accounts import operations_of
from atmosphere.cleanup.aws.guard import is_read
from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.base import Scope, Stage
from atmosphere.cleanup.catalogue.row import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from atmosphere.cleanup.catalogue.base import ResourceType

BEGIN: Final = "<!-- catalogue: written by `atmosphere cleanup types --write docs/cleanup.md` -->"
END: Final = "<!-- end of catalogue -->"
_HEAD: Final = ("type", "service", "where", "stage", "if it stays", "before it is deleted")
_STAGES: Final = {Stage.SLOW: "first", Stage.SWEEP: "sweep", Stage.NETWORK: "network", Stage.LAST: "last"}
_WHERE: Final = {Scope.REGION: "each region", Scope.GLOBAL: "account"}

CALLS: Final = {Scope.REGION: 236, Scope.GLOBAL: 30}
"""What a scan asks where there is nothing; a test counts them."""


def catalogue_table() -> str:
    """A sentence with the numbers, and a table with a line for each type."""
    scopes = Counter(entry.scope for entry in CATALOGUE)
    lines = [
        f"{len(CATALOGUE)} types: {scopes[Scope.REGION]} in each region, {scopes[Scope.GLOBAL]} once for the account.",
        "",
        (
            f"A scan of an empty account takes {CALLS[Scope.REGION]} calls in each region and {CALLS[Scope.GLOBAL]} "
            "for the account: one for most types, which those share that begin with the same listing, none for types "
            "that cannot be there alone, and the rest for stacks, tags and listings that show a part only."
        ),
        "",
        _line(_HEAD),
        _line(["---"] * len(_HEAD)),
        *(_line(_cells(entry)) for entry in sorted(CATALOGUE, key=lambda entry: entry.name)),
    ]
    return "\n".join(lines) + "\n"


def replaced(page: str) -> str:
    """A page with the table between its marks brought up to date. Raises `ValueError` where it has no marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page has no place for the table: give it the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{catalogue_table()}\n{END}{after}"


def steps(entry: ResourceType) -> str:
    """What is done to one of them besides deleting it, in the operations' own names."""
    if not isinstance(entry, Row):
        return f"all it does: {_names(_written(entry))}"
    own = _written(entry) if "delete" in vars(type(entry)) and type(entry) is not Row else []
    refused = [*(step.call.operation for step in entry.rare), *own]
    told = {
        "stop": [step.call.operation for step in entry.halt],
        "unprotect": [step.call.operation for step in entry.unprotect],
        "empty": [step.call.operation for step in entry.strip],
        "if refused": refused,
    }
    return "; ".join(f"{what}: {_names(each)}" for what, each in told.items() if each)


def _names(operations: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(f"`{operation}`" for operation in operations))


def _written(entry: ResourceType) -> list[str]:
    """The operations that a class's code calls and that change something, in order."""
    kind = type(entry)
    alone = sum(type(other).__module__ == kind.__module__ for other in CATALOGUE) == 1
    source = inspect.getsource(inspect.getmodule(kind) or kind) if alone else inspect.getsource(kind)
    services = {entry.service, *re.findall(r'\bclient\("([a-z0-9-]+)"', source)}
    changing = {name.lower() for service in services for name in operations_of(service) if not is_read(name)}
    names = re.findall(r"\b[a-z]+(?:_[a-z0-9]+)+\b", source)
    return [name for name in names if name.replace("_", "") in changing]


def _cells(entry: ResourceType) -> Iterator[str]:
    yield f"`{entry.name}`"
    yield entry.service
    yield _WHERE[entry.scope]
    yield _STAGES[entry.stage]
    yield str(entry.residual)
    yield steps(entry)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
