"""What a role's trust policy says: whom it lets in with which external id, and whether CloudFormation.

It is read as the template `atmosphere-environment` writes it, and any other form that IAM accepts; what is not
understood counts as open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLOUDFORMATION: Final = "cloudformation.amazonaws.com"
_EXTERNAL_ID: Final = "sts:externalid"
_CALLER: Final = "aws:principalarn"


@dataclass(frozen=True, slots=True)
class Admission:
    """A statement that lets AWS principals in: who (ARNs, also those of its conditions), and with which external ids.

    `external_ids` is empty if none is demanded.
    """

    principals: tuple[str, ...]
    external_ids: tuple[str, ...]

    @property
    def accounts(self) -> frozenset[str]:
        """The accounts of the principals."""
        return frozenset(part for each in self.principals for part in each.split(":") if part.isdigit())

    def names(self, role: str) -> bool:
        """Whether one of the principals is the role of this name."""
        return any(each.endswith(f":role/{role}") for each in self.principals)


def admissions(trust: Any) -> list[Admission]:
    """The statements that let AWS principals in."""
    return [
        Admission(principals=(*_listed(aws), *_valued(each, _CALLER)), external_ids=_valued(each, _EXTERNAL_ID))
        for each in _allowing(trust)
        if (aws := _principal(each).get("AWS"))
    ]


def lets_cloudformation_in(trust: Any) -> bool:
    """Whether CloudFormation may assume the role."""
    return any(_CLOUDFORMATION in _listed(_principal(each).get("Service", ())) for each in _allowing(trust))


def _allowing(trust: Any) -> Iterator[dict[str, Any]]:
    statements = trust.get("Statement", ()) if isinstance(trust, dict) else ()
    for each in _listed(statements):
        if isinstance(each, dict) and each.get("Effect") == "Allow":
            yield each


def _principal(statement: dict[str, Any]) -> dict[str, Any]:
    """By kind; `*` is every AWS principal."""
    found = statement.get("Principal", {"AWS": "*"})
    return found if isinstance(found, dict) else {"AWS": "*"}


def _valued(statement: dict[str, Any], key: str) -> tuple[str, ...]:
    """The values that a condition demands of a key; operators that exclude or tolerate its absence demand nothing."""
    return tuple(
        str(value)
        for operator, tests in statement.get("Condition", {}).items()
        if "Not" not in operator and not operator.endswith("IfExists")
        for name, values in tests.items()
        if name.lower() == key
        for value in _listed(values)
    )


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
