"""Who may do what, before and after a change of `access.yaml`: by principal and pool, whatever the rules are called."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from atmosphere.core.github import GITHUB_COM

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from atmosphere.core.access import AccessRules
    from atmosphere.core.github_rules import GitHubRule

OPERATE: Final = ""
"""In the place of a pool: the right to see and end every allocation."""


class Verb(StrEnum):
    """How a right changes."""

    GAINED = "may now"
    LOST = "may no longer"
    OTHERWISE = "may on other conditions"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessChange:
    """`who` may (not) use `pool`, or operate the service where it is empty; conditions are empty for IAM principals."""

    who: str
    verb: Verb
    pool: str
    before: str = ""
    after: str = ""


class _Right(NamedTuple):
    """What identifies a right. `account` is set for a role, whose account may have the same right as a whole."""

    who: str
    pool: str
    account: str = ""


def access_changes(old: AccessRules, new: AccessRules) -> tuple[AccessChange, ...]:
    """Every right that begins, ends or gets other conditions, by principal and pool."""
    before, after = _rights(old), _rights(new)
    changed = (_changed(right, before, after) for right in sorted(before.keys() | after.keys()))
    return tuple(change for change in changed if change is not None)


def _changed(right: _Right, before: Mapping[_Right, set[str]], after: Mapping[_Right, set[str]]) -> AccessChange | None:
    had, has = (_held(right, rights) for rights in (before, after))
    if had == has:
        return None
    verb = Verb.GAINED if had is None else Verb.LOST if has is None else Verb.OTHERWISE
    return AccessChange(who=right.who, verb=verb, pool=right.pool, before=had or "", after=has or "")


def _held(right: _Right, rights: Mapping[_Right, set[str]]) -> str | None:
    """The conditions of a right, None without the right. What a whole account may, each of its roles may."""
    if right.account and _Right(_whole(right.account), right.pool) in rights:
        return ""
    return "; or ".join(sorted(rights[right])) if right in rights else None


def _rights(access: AccessRules) -> dict[_Right, set[str]]:
    found: dict[_Right, set[str]] = {}
    for right, conditions in (*_of_iam(access), *_of_github(access), *_of_operators(access)):
        found.setdefault(right, set()).add(conditions)
    return found


def _of_iam(access: AccessRules) -> Iterator[tuple[_Right, str]]:
    for rule in access.iam:
        for pool in rule.pools:
            if not rule.roles:
                yield _Right(_whole(rule.account), pool), ""
            for role in rule.roles:
                yield _Right(_role(rule.account, role), pool, rule.account), ""


def _of_github(access: AccessRules) -> Iterator[tuple[_Right, str]]:
    for rule in access.github:
        for pool in rule.pools:
            yield _Right(_repository(rule), pool), _conditions(rule)


def _of_operators(access: AccessRules) -> Iterator[tuple[_Right, str]]:
    for operator in access.operators:
        yield _Right(_role(operator.account, operator.role), OPERATE), ""


def _whole(account: str) -> str:
    return f"account {account}, every principal"


def _role(account: str, role: str) -> str:
    return f"account {account}, role {role}"


def _repository(rule: GitHubRule) -> str:
    issuer = "" if rule.issuer == GITHUB_COM else f" at {rule.issuer}"
    return f"repository {rule.repository} (id {rule.repository_id} of owner {rule.repository_owner_id}){issuer}"


def _conditions(rule: GitHubRule) -> str:
    said = {
        "events": ", ".join(sorted(rule.events)),
        "refs": ", ".join(sorted(rule.refs)),
        "workflows": ", ".join(sorted(rule.workflows)),
        "environment": rule.environment or "",
        "runner": rule.runner or "",
    }
    return "; ".join(f"{name} {value}" for name, value in said.items() if value)
