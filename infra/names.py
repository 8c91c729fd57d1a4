"""The name of one service, and what is called after it: two services in one account share no name.

Functions, roles, log groups, state machine, API, alarms, dashboard and the source of events begin with it. Everything
else gets its name from CloudFormation.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NewType, cast

from aws_cdk import Stack, Token
from constructs import Construct

from atmosphere.contract import NAME

if TYPE_CHECKING:
    from atmosphere.contract import FunctionName

ServiceName = NewType("ServiceName", str)
"""A name that `checked_name` accepted, or the parameter of a template that accepts the same."""

PATTERN: Final = r"[a-z][a-z0-9-]{0,30}[a-z0-9]"
"""Up to 32 characters, so that the names of roles and functions stay under their 64. `aws` first is AWS's own."""
DEFAULT: Final = ServiceName(NAME)


def checked_name(text: str) -> ServiceName:
    """The name, if it can be one. Raises `ValueError` that says what is allowed."""
    if not re.fullmatch(PATTERN, text) or text.startswith("aws"):
        raise ValueError(
            f"service_name {text!r} cannot name roles, functions and alarms: take 2 to 32 lower-case letters, digits "
            "and hyphens, with a letter first, no hyphen last and not `aws` in front"
        )
    return ServiceName(text)


def deployed_name(service: ServiceName, name: FunctionName) -> str:
    """What a function and its role are called; environments' trust policies name the role."""
    return f"{service}-{name}"


def only_one(service: Construct, name: ServiceName) -> None:
    """Raise `ValueError` if the app has another service of this name for the same account, whatever its region.

    Roles belong to the account and not to a region. An account that is only known at the deployment is like no other.
    The tree remembers: a child of its root for each name that is taken.
    """
    stack = Stack.of(service)
    account = stack.node.path if Token.is_unresolved(stack.account) else stack.account
    taken = f"AtmosphereService {name} in {account.replace('/', ' ')}"
    root = cast("Construct", service.node.root)
    if root.node.try_find_child(taken) is not None:
        raise ValueError(
            f"{service.node.path}: this app has another AtmosphereService called {name!r} for the same account, where "
            "their roles would collide: give one of them another service_name"
        )
    Construct(root, taken)
