"""Constraints and environments in one line of text, as the GitHub action takes them too.

A constraint is `region=NAME,NAME`, `account=ID,ID`, `capability=NAME` or `capability=NAME:VALUE`; an environment is its
name, then constraints and `role=NAME`, separated by spaces, or a JSON object as in the API. All raise `ValueError`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from atmosphere.client.asking import Constraint, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable

FORMS: Final = "region=NAME,NAME, account=ID,ID, capability=NAME or capability=NAME:VALUE"


def environment(text: str) -> Wanted:
    """One of several environments."""
    if text.lstrip().startswith("{"):
        return _object(text)
    name, *words = text.split() or [""]
    if not name or "=" in name:
        raise ValueError(f"{text!r} does not start with the environment's name: write `NAME {text}`")
    roles = [word.removeprefix("role=") for word in words if word.startswith("role=")]
    if len(roles) > 1 or "" in roles:
        raise ValueError(f"{name!r} has several roles, or an empty one: write one `role=NAME`")
    listed = [constraint(word) for word in words if not word.startswith("role=")]
    return Wanted(name=name, constraints=listed, role=roles[0] if roles else None)


def _object(text: str) -> Wanted:
    try:
        value = json.loads(text)
        if set(value) <= {"name", "constraints", "role"}:
            return Wanted(name=value["name"], constraints=value.get("constraints", ()), role=value.get("role"))
    except (ValueError, KeyError) as broken:
        raise ValueError(f"{text!r} is not a JSON object with a `name` ({broken}): correct it") from broken
    raise ValueError(f"{text!r} has other keys than `name`, `constraints` and `role`: remove them")


def constraint(text: str) -> Constraint:
    """One constraint."""
    kind, _, value = (part.strip() for part in text.partition("="))
    parse = _KINDS.get(kind)
    if parse is None or not value:
        raise ValueError(f"{text!r} is not a constraint: write {FORMS}")
    return Constraint(type=kind, value=parse(value))


def capability(text: str, separator: str = ":") -> Any:
    """`NAME`, or `NAME` and a value, which is JSON where it is valid JSON and text otherwise."""
    name, found, value = (part.strip() for part in text.partition(separator))
    if not found:
        return name
    if not name or not value:
        raise ValueError(f"{text!r} is not a capability: write NAME or NAME{separator}VALUE")
    try:
        return {name: json.loads(value)}
    except ValueError:  # ordinary text is the other form that a value may have
        return {name: value}


def _several(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


_KINDS: Final[dict[str, Callable[[str], Any]]] = {"region": _several, "account": _several, "capability": capability}
