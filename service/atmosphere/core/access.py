"""Who may do what: a verified caller against the rules of `config/access.yaml`.

Absence means no: no rule, no pool in a rule, no operator entry, all refuse. What a caller sends never decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import TYPE_CHECKING, Final, TypeAlias

from atmosphere.core.errors import Forbidden, UnknownAllocation
from atmosphere.core.github_rules import GitHubRule
from atmosphere.core.model import AccountId, OwnerKey, PoolName, RuleName

if TYPE_CHECKING:
    from atmosphere.core.github import Issuer, RepositoryId, RunIdentity
    from atmosphere.core.model import Allocation


@dataclass(frozen=True, slots=True, kw_only=True)
class IamRule:
    """Principals of one account (all, or only these roles) may use these pools, `max_active` environments at once."""

    name: RuleName
    account: AccountId
    pools: tuple[PoolName, ...]
    roles: tuple[str, ...] = ()
    max_active: int | None = None


Rule: TypeAlias = IamRule | GitHubRule
"""What lets a caller of either tree use pools; names are unique over both kinds (config check)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """A role whose sessions may see and end everything."""

    account: AccountId
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRules:
    """Everything in `config/access.yaml`."""

    iam: tuple[IamRule, ...] = ()
    github: tuple[GitHubRule, ...] = ()
    operators: tuple[Operator, ...] = ()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of both trees, in their order."""
        return (*self.iam, *self.github)

    @property
    def accounts(self) -> tuple[AccountId, ...]:
        """Every account that the API's resource policy lets in, sorted."""
        return tuple(sorted({rule.account for rule in self.iam} | {operator.account for operator in self.operators}))


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedCaller:
    """An identity that the gateway has authenticated, in one of the two trees.

    IAM: `account` and `arn`; `role` is None for an IAM user or a root user. GitHub: `run`, and `rules`, the names of
    the rules that the authorizer found to match the token.
    """

    owner: OwnerKey
    account: AccountId | None = None
    role: str | None = None
    arn: str = ""
    run: RunIdentity | None = None
    rules: tuple[RuleName, ...] = ()
    session: str = field(default="", repr=False)
    """Tells sessions of one owner apart: the id of the access key that signed, or the run's job. Grants nothing."""

    @property
    def asked_by(self) -> str:
        """Who this is, for the record and for people: the session's ARN, or `repository@ref`."""
        if self.run is None:
            return self.arn
        return f"{self.run.repository}@{self.run.ref}" if self.run.ref else self.run.repository


_ASSUMED: Final = re.compile(r"arn:aws[a-z-]*:sts::(\d{12}):assumed-role/([\w+=,.@-]{1,64})/[\w+=,.@-]{2,64}")
_USER: Final = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):(?:user/[\w+=,.@/-]{1,577}|root)")


def caller_from_arn(account: str, arn: str) -> VerifiedCaller:
    """The caller behind `requestContext.identity`; raises `Forbidden` for an ARN of another account or of another kind.

    Sessions of one role are one owner: API Gateway passes nothing that tells them apart, nor the role's path.
    """
    if assumed := _ASSUMED.fullmatch(arn):
        named, role = AccountId(assumed[1]), assumed[2]
        caller = VerifiedCaller(account=named, owner=OwnerKey(f"iam:{named}:role/{role}"), role=role, arn=arn)
    elif user := _USER.fullmatch(arn):
        caller = VerifiedCaller(account=AccountId(user[1]), owner=OwnerKey(f"iam:{arn}"), arn=arn)
    else:
        raise Forbidden
    if caller.account != account:
        raise Forbidden
    return caller


def caller_from_run(run: RunIdentity, rules: tuple[RuleName, ...]) -> VerifiedCaller:
    """The caller that is a workflow run; `rules` are those that the authorizer found to match its token.

    All jobs and attempts of one run are one owner, so that a re-run can give back what an earlier attempt left.
    """
    job = run.check_run_id or run.run_attempt
    return VerifiedCaller(owner=OwnerKey(f"github:{run.key}"), run=run, rules=rules, session=job)


def _matches(rule: Rule, caller: VerifiedCaller) -> bool:
    if isinstance(rule, GitHubRule):
        return _matches_run(rule, caller)
    return rule.account == caller.account and (not rule.roles or caller.role in rule.roles)


def _matches_run(rule: GitHubRule, caller: VerifiedCaller) -> bool:
    """The authorizer found the rule to match; one that names another repository by now is not the one it read."""
    run = caller.run
    if run is None or rule.name not in caller.rules:
        return False
    return (rule.issuer, rule.repository_id) == (run.issuer, run.repository_id)


def is_operator(rules: AccessRules, caller: VerifiedCaller) -> bool:
    """Whether an operator entry names this role of this account."""
    return any(entry.account == caller.account and entry.role == caller.role for entry in rules.operators)


def known(rules: AccessRules, caller: VerifiedCaller) -> None:
    """Raise `Forbidden` unless some rule or operator entry names the caller."""
    if not is_operator(rules, caller) and not any(_matches(rule, caller) for rule in rules.rules):
        raise Forbidden


def rule_for(rules: AccessRules, caller: VerifiedCaller, pool: PoolName) -> Rule:
    """The first rule that lets the caller use the pool; raises `Forbidden`, also for a pool that does not exist."""
    for rule in rules.rules:
        if _matches(rule, caller) and pool in rule.pools:
            return rule
    raise Forbidden


def pools_of(rules: AccessRules, caller: VerifiedCaller) -> tuple[PoolName, ...]:
    """The pools that the caller's rules name, sorted."""
    return tuple(sorted({pool for rule in rules.rules if _matches(rule, caller) for pool in rule.pools}))


def names_repository(rules: AccessRules, issuer: Issuer, repository_id: RepositoryId) -> bool:
    """Whether a rule may let runs of this repository in."""
    return any((rule.issuer, rule.repository_id) == (issuer, repository_id) for rule in rules.github)


def rules_naming(rules: AccessRules, pool: PoolName) -> int:
    """How many rules name the pool."""
    return sum(pool in rule.pools for rule in rules.rules)


def operators_only(rules: AccessRules, caller: VerifiedCaller) -> None:
    """Raise `Forbidden` unless the caller is an operator."""
    if not is_operator(rules, caller):
        raise Forbidden


def owned(allocation: Allocation | None, caller: VerifiedCaller) -> Allocation:
    """The allocation if it is the caller's own; unknown and foreign ids get the same `UnknownAllocation`."""
    if allocation is None or allocation.owner != caller.owner:
        raise UnknownAllocation
    return allocation


def visible(allocation: Allocation | None, rules: AccessRules, caller: VerifiedCaller) -> Allocation:
    """The allocation if it is the caller's own or the caller is an operator."""
    if allocation is not None and is_operator(rules, caller):
        return allocation
    return owned(allocation, caller)


def released(allocation: Allocation | None, token_hash: str) -> Allocation:
    """The allocation if its release token has this hash (sha-256, hex); unknown ids and wrong tokens look the same.

    Compared in constant time, also where there is nothing to compare with.
    """
    kept = allocation.release_token_hash if allocation else None
    if not compare_digest(kept or "", token_hash) or kept is None or allocation is None:
        raise UnknownAllocation
    return allocation
