"""The short forms of constraints and environments, and their JSON forms, as the API takes them.

One a line: `region=us-east-1,eu-west-1`, `account=ID,ID`, `capability=NAME`, `capability=NAME:VALUE`;
an environment is `NAME` and then constraints and `role=ROLE`, separated by spaces. What starts with `[` is JSON, and
a line that starts with `#` is a comment.
A VALUE is JSON where it reads as JSON (`true`, `20`, `{"vpcs":20}`), otherwise text. All raise `ValueError`.
"""

from __future__ import annotations

import json
from typing import Any, Callable

Json = Any


def constraints(text: str) -> list[Json]:
    """The request's `constraints`; empty text gives none."""
    if text.lstrip().startswith("["):
        return _listed(text)
    return [_constraint(line) for line in _lines(text)]


def environments(text: str) -> list[Json]:
    """The request's `environments`; empty text gives none."""
    if text.lstrip().startswith("["):
        return _listed(text)
    return [_environment(line.split()) for line in _lines(text)]


def _lines(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _listed(text: str) -> list[Json]:
    try:
        value = json.loads(text)
    except ValueError as broken:
        raise ValueError(
            f"starts like JSON but is not valid JSON ({broken}): correct it, or use the short form"
        ) from broken
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise ValueError("is not a JSON list of objects")
    return value


def _environment(words: list[str]) -> dict[str, Json]:
    name, rest = words[0], words[1:]
    if "=" in name:
        raise ValueError(f"has a line that does not start with a name: write `NAME {name} ...`")
    roles = [word[len("role=") :] for word in rest if word.startswith("role=")]
    if len(roles) > 1 or "" in roles:
        raise ValueError(f"gives {name!r} several roles, or an empty one: write one `role=NAME`")
    listed = [_constraint(word) for word in rest if not word.startswith("role=")]
    entry: dict[str, Json] = {"name": name}
    entry.update({"constraints": listed} if listed else {})
    entry.update({"role": roles[0]} if roles else {})
    return entry


def _constraint(text: str) -> dict[str, Json]:
    kind, _, value = (part.strip() for part in text.partition("="))
    parse = _KINDS.get(kind)
    if parse is None or not value:
        raise ValueError(f"has {text!r}, which is not a constraint: write one of {', '.join(_FORMS)}")
    return {"type": kind, "value": parse(value)}


def _several(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _capability(value: str) -> Json:
    name, colon, wanted = (part.strip() for part in value.partition(":"))
    if not colon:
        return name
    if not name or not wanted:
        raise ValueError(f"has `capability={value}`: write `capability=NAME` or `capability=NAME:VALUE`")
    try:
        return {name: json.loads(wanted)}
    except ValueError:  # ordinary text is the other form that a value may have
        return {name: wanted}


_KINDS: dict[str, Callable[[str], Json]] = {"region": _several, "account": _several, "capability": _capability}
_FORMS = ("`region=NAME,NAME`", "`account=ID,ID`", "`capability=NAME`", "`capability=NAME:VALUE`")
