"""Whether each role of the environment can be assumed, by whom, and in which account that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atmosphere.contract import FunctionName
from atmosphere.core.doctor.facts import Finding, Level, Unread
from atmosphere.core.doctor.trusts import admissions, lets_cloudformation_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.core.doctor.facts import Facts, RoleFacts
    from atmosphere.core.doctor.trusts import Admission
    from atmosphere.core.model import Registration
    from atmosphere.core.settings import Settings

_FOR_TESTS: Final = (FunctionName.ALLOCATE, FunctionName.REFRESH)
_DEPLOY: Final = "deploy the template atmosphere-environment in the account"


def check_roles(facts: Facts, registration: Registration, settings: Settings, service: str) -> Iterator[Finding]:
    """Each role, and what the admin role and the cleaner are to each other."""
    for role in facts.roles:
        yield _assumable(role, facts.caller)
        yield _account(role, registration)
        if role.trust is None or isinstance(role.trust, Unread):
            yield _unread(role)
            continue
        if admissions(role.trust):
            yield _external_id(role, registration.external_id)
            yield _service(role, registration, settings, service)
        else:
            yield Finding("service", Level.PROBLEM, f"{_name(role)} lets no AWS principal in", _DEPLOY)
        yield from _cloudformation(role, registration)
    yield _separation(registration)


def _assumable(role: RoleFacts, caller: str | Unread) -> Finding:
    who = "this profile" if isinstance(caller, Unread) else caller
    if not isinstance(role.account, Unread):
        return Finding("role", Level.OK, f"{who} can assume {role.arn} with its external id")
    if role.trust is None:
        return Finding("role", Level.PROBLEM, f"{role.arn} does not exist", f"{_DEPLOY} with RoleName={_name(role)}")
    if not role.account.refused:
        text = f"whether {role.arn} can be assumed is not known: STS did not answer ({role.account.code})"
        return Finding("role", Level.UNKNOWN, text, "check the profile, its keys and the network, and run this again")
    if isinstance(role.trust, Unread):
        text = f"{who} may not assume {role.arn} ({role.account.code})"
        return Finding("role", Level.PROBLEM, text, _REFUSED)
    text = f"{role.arn} exists, but {who} may not assume it, so its trust policy was only read"
    return Finding("role", Level.UNKNOWN, text, _OPERATOR)


_OPERATOR: Final = (
    f"{_DEPLOY} with OperatorRole=ARN of your role, which also needs sts:AssumeRole, and run this as that role"
)
_REFUSED: Final = (
    f"either the role is missing, or the external id differs, or your role is not trusted: {_OPERATOR}; "
    "or run this with a profile of the account itself, which tells these apart"
)


def _account(role: RoleFacts, registration: Registration) -> Finding:
    wanted = registration.key.account
    if isinstance(role.account, Unread):
        return Finding("account", Level.UNKNOWN, f"not checked: there is no session of {_name(role)}", _FIRST)
    if role.account != wanted:
        text = f"a session of {_name(role)} is in account {role.account}, not {wanted}"
        return Finding("account", Level.PROBLEM, text, "correct the role's ARN in environments.yaml")
    return Finding("account", Level.OK, f"a session of {_name(role)} is in account {wanted}")


_FIRST: Final = "correct what is wrong with the role first"


def _unread(role: RoleFacts) -> Finding:
    code = f" ({role.trust.code})" if isinstance(role.trust, Unread) else ""
    return Finding("trust", Level.UNKNOWN, f"the trust policy of {_name(role)} could not be read{code}", _FIRST)


def _external_id(role: RoleFacts, configured: str) -> Finding:
    """Every AWS principal must be asked for the one that is configured."""
    check, name, statements = "external id", _name(role), admissions(role.trust)
    others = [each for each in statements if each.external_ids != ((configured,) if configured else ())]
    if not others:
        told = "the configured external id" if configured else "no external id, and none is configured"
        return Finding(check, Level.OK, f"{name} demands {told}")
    if any(not each.external_ids for each in others):
        who = ", ".join(sorted({one for each in others if not each.external_ids for one in each.principals}))
        text = f"{name} lets {who} in without an external id, although one is configured"
        return Finding(check, Level.PROBLEM, text, f"{_DEPLOY} again, with ExternalId as in environments.yaml")
    text = f"{name} demands another external id than " + ("the configured one" if configured else "none")
    return Finding(
        check, Level.PROBLEM, text, "make external_id in environments.yaml and ExternalId of the stack equal"
    )


def _service(role: RoleFacts, registration: Registration, settings: Settings, service: str) -> Finding:
    """Whether the functions that assume the role are named; a trust policy of another form may let them in as well."""
    cleans, tests = role.arn == registration.cleaner_role, role.arn in registration.roles.values()
    needed = [f"{service}-{each}" for each in (*_FOR_TESTS * tests, *(FunctionName.CLEANUP,) * cleans)]
    statements = admissions(role.trust)
    if missing := [name for name in needed if not any(each.names(name) for each in statements)]:
        text = f"{_name(role)} does not name the service's {', '.join(missing)}, so it may or may not let them in"
        return Finding("service", Level.UNKNOWN, text, f"{_DEPLOY}; the first cleanup shows what another policy does")
    accounts = _accounts(statements, needed)
    if unlisted := accounts - set(settings.blocked_accounts):
        text = (
            f"{_name(role)} trusts the service of {', '.join(sorted(unlisted))}, which blocked_accounts does not list"
        )
        advice = "correct ServiceAccount of the stack, or add the service's account to blocked_accounts"
        return Finding("service", Level.PROBLEM, text, advice)
    return Finding("service", Level.OK, f"{_name(role)} trusts the service of {', '.join(sorted(accounts))}")


def _accounts(statements: list[Admission], needed: list[str]) -> set[str]:
    return {account for each in statements if any(map(each.names, needed)) for account in each.accounts}


def _cloudformation(role: RoleFacts, registration: Registration) -> Iterator[Finding]:
    """The admin role deletes stacks for CloudFormation whose own roles are gone; a test could pass the cleaner's."""
    trusted = lets_cloudformation_in(role.trust)
    if role.arn == registration.admin_role:
        yield (
            Finding("cloudformation", Level.OK, f"{_name(role)} trusts CloudFormation")
            if trusted
            else Finding("cloudformation", Level.PROBLEM, f"{_name(role)} does not trust CloudFormation", _TRUST)
        )
    elif role.arn == registration.cleaner and trusted:
        text = f"{_name(role)} trusts CloudFormation, so a test can pass it to a stack"
        yield Finding("cloudformation", Level.PROBLEM, text, f"{_DEPLOY} again, with Use=cleaning")


_TRUST: Final = (
    f"{_DEPLOY} with Use=tests; otherwise stacks whose own role a test deleted cannot be deleted, and make it dirty"
)


def _separation(registration: Registration) -> Finding:
    if registration.cleaner is None:
        text = "cleaning works under the admin role: a test that locks it makes the environment dirty"
        return Finding("cleaner", Level.OK, text, "for untrusted tests add a cleaner_role (docs/deployment.md)")
    if registration.cleaner in registration.roles.values():
        return Finding("cleaner", Level.PROBLEM, "tests get the cleaner_role", "name a role of its own as cleaner_role")
    return Finding("cleaner", Level.OK, f"cleaning works under {registration.cleaner}, which no test gets")


def _name(role: RoleFacts) -> str:
    return role.arn.rpartition("/")[2]
