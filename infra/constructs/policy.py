"""The resource policy: which accounts reach the API at all. Roles are checked by the handlers.

`*` in a resource spans slashes, so every pattern names stage, method and first path segment: only path parameters
become `*`. The Deny names what it spares, so that a path nobody thought of is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

from atmosphere.contract import ROOTS, ROUTES, STAGE, Route, Tree

if TYPE_CHECKING:
    from collections.abc import Sequence

_ACTION = "execute-api:Invoke"


def pattern(route: Route) -> str:
    """A route as a resource of the policy."""
    return f"execute-api:/{STAGE}/{route.method}{ROOTS[route.tree]}{re.sub(r'{[a-z_]+}', '*', route.path)}"


def resource_policy(accounts: Sequence[str], routes: Sequence[Route] = ROUTES) -> iam.PolicyDocument:
    """Listed accounts on the IAM tree, everybody under `/github`, nobody else. No account listed: nobody."""
    document = iam.PolicyDocument()
    if accounts:
        document.add_statements(
            iam.PolicyStatement(
                sid="ListedAccounts",
                principals=[iam.AccountPrincipal(account) for account in accounts],
                actions=[_ACTION],
                resources=_patterns(routes, Tree.IAM),
            )
        )
    if github := _patterns(routes, Tree.GITHUB, Tree.WEBHOOK):
        document.add_statements(
            iam.PolicyStatement(
                sid="CheckedByAuthorizerOrHandler",
                principals=[iam.StarPrincipal()],
                actions=[_ACTION],
                resources=github,
            )
        )
    document.add_statements(_nobody_else(accounts, github))
    return document


def _patterns(routes: Sequence[Route], *trees: Tree) -> list[str]:
    return sorted({pattern(route) for route in routes if route.tree in trees})


def _nobody_else(accounts: Sequence[str], spared: Sequence[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="NobodyElse",
        effect=iam.Effect.DENY,
        principals=[iam.StarPrincipal()],
        actions=[_ACTION],
        resources=None if spared else ["*"],
        not_resources=list(spared) or None,
        conditions={"StringNotEquals": {"aws:PrincipalAccount": list(accounts)}} if accounts else None,
    )
