"""Who may enter a role, decided from the role's trust policy alone. Pure: no call of AWS.

The answer is never too small. A condition, and a statement with `Deny`, can only take away, so neither is credited:
`*` with a condition on `aws:PrincipalOrgID` is everybody. What is not understood is everybody, too: `NotPrincipal`, a
wildcard inside a name, an unknown kind of principal, a text that is no policy.

Source: IAM user guide, "AWS JSON policy elements: Principal", "NotPrincipal", "Action", "NotAction" and "Effect"; STS
API reference, AssumeRole, AssumeRoleWithSAML and AssumeRoleWithWebIdentity.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from atmosphere.core.model import AccountId

_ENTERING: Final = ("sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity")
_CERTIFICATES: Final = ("rolesanywhere.amazonaws.com", "credentials.iot.amazonaws.com")
"""Services that give sessions to certificates of any authority that the account registers."""
_ACCOUNT: Final = re.compile(r"\d{12}")
_PRINCIPAL_ARN: Final = re.compile(r"arn:[\w-]+:(?:iam|sts)::(\d{12}):(.+)")
_WILDCARD: Final = re.compile(r"[*?]")


class Kind(StrEnum):
    """The kinds of principals that a trust policy names."""

    EVERYBODY = "everybody"
    AWS = "aws"
    """An account, or a role, a user or a session of one."""
    SERVICE = "service"
    """A service of AWS: who may pass the role to it may use it through that service."""
    FEDERATED = "federated"
    """A SAML or OIDC provider of an account, or a public one such as `cognito-identity.amazonaws.com`."""


@dataclass(frozen=True, slots=True, order=True)
class Entrant:
    """One principal that may enter, by the name that the policy gives it."""

    kind: Kind
    name: str

    @property
    def account(self) -> str | None:
        """The account that it is in, None where its name says none: of a service, a public provider, a unique id."""
        arn = _PRINCIPAL_ARN.fullmatch(self.name)
        return arn[1] if arn else self.name if _ACCOUNT.fullmatch(self.name) else None

    @property
    def role(self) -> str | None:
        """The role's name, also of a session of a role; None of anything else."""
        arn = _PRINCIPAL_ARN.fullmatch(self.name)
        kind, *path = arn[2].split("/") if arn else ("",)
        if kind == "role" and path:
            return path[-1]
        return path[0] if kind == "assumed-role" and path else None


EVERYBODY: Final = Entrant(Kind.EVERYBODY, "*")


@dataclass(frozen=True, slots=True)
class Role:
    """A role as IAM lists it: its ARN, its trust policy as JSON values, and when it was created."""

    arn: str
    trust: Any
    created: datetime | None = field(default=None, compare=False)

    @property
    def path(self) -> str:
        """The path, `/` where it has none of its own."""
        return "/".join(["", *self.arn.split("/")[1:-1], ""])


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """Who may enter a role that came after the baseline: AWS services, the management account, and these.

    Services that give sessions to certificates are not among them.

    `account` is the role's own. `roles` are names of roles in it, `providers` ARNs of identity providers.
    """

    account: AccountId
    management: str | None = None
    roles: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()

    def admits(self, entrant: Entrant) -> bool:
        """Whether it is one of them."""
        if entrant.kind is Kind.SERVICE:
            return entrant.name not in _CERTIFICATES
        if entrant.kind is Kind.FEDERATED:
            return entrant.name in self.providers
        if entrant.account is None:
            return False
        if entrant.account == self.management:
            return True
        return entrant.account == self.account and entrant.role in self.roles


def entrants(trust: Any) -> frozenset[Entrant]:
    """Everybody who may enter the role that has this trust policy (its JSON values)."""
    statements = _statements(trust)
    if statements is None:
        return frozenset({EVERYBODY})
    return frozenset(entrant for statement in statements for entrant in _allowed(statement))


def outsiders(trust: Any, admitted: Admitted) -> list[Entrant]:
    """Who may enter the role and is not admitted."""
    return sorted(entrant for entrant in entrants(trust) if not admitted.admits(entrant))


def lets_in(trust: Any, account: AccountId) -> bool:
    """Whether somebody in the account may enter the role under a name of their own, not through an AWS service.

    A provider may know somebody of any account, and a unique id may be one of the account's, so both count; so do
    the services that give sessions to certificates.
    """
    return any(
        entrant.name in _CERTIFICATES
        if entrant.kind is Kind.SERVICE
        else entrant.kind is not Kind.AWS or entrant.account in (None, account)
        for entrant in entrants(trust)
    )


def _statements(trust: Any) -> list[dict[str, Any]] | None:
    """The statements with the names of their elements in lower case, None where something is no statement."""
    document = _lowered(trust)
    if document is None:
        return None
    statements = [_lowered(each) for each in _listed(document.get("statement"))]
    return None if None in statements else [each for each in statements if each is not None]


def _allowed(statement: dict[str, Any]) -> Iterator[Entrant]:
    if statement.get("effect") == "Deny" or not _enters(statement):
        return
    principal = statement.get("principal")
    kinds = _lowered(principal)
    if "notprincipal" in statement or kinds is None:
        yield EVERYBODY
        return
    for kind, names in kinds.items():
        yield from (_entrant(kind, name) for name in _listed(names))


def _enters(statement: dict[str, Any]) -> bool:
    """Whether one of the actions by which a role is entered is among the statement's, or it names none at all."""
    if "notaction" in statement:
        return not all(_is_among(statement["notaction"], action) for action in _ENTERING)
    return "action" not in statement or any(_is_among(statement["action"], action) for action in _ENTERING)


def _is_among(patterns: Any, action: str) -> bool:
    """As IAM compares actions: in any case, `*` is any text, `?` any character, everything else is itself."""
    return any(re.fullmatch(_expression(str(pattern).lower()), action) for pattern in _listed(patterns))


def _expression(pattern: str) -> str:
    return re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")


def _entrant(kind: str, name: Any) -> Entrant:
    known = next((each for each in (Kind.AWS, Kind.SERVICE, Kind.FEDERATED) if each == kind), None)
    if known is None or not isinstance(name, str) or _WILDCARD.search(name):
        return EVERYBODY
    return Entrant(known, name)


def _lowered(value: Any) -> dict[str, Any] | None:
    """The map with its keys in lower case; None of anything else, and where two keys become one."""
    if not isinstance(value, dict):
        return None
    lowered = {str(key).lower(): each for key, each in value.items()}
    return lowered if len(lowered) == len(value) else None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
