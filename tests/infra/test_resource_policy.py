"""The resource policy, evaluated for every route and every kind of caller, as API Gateway would."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.contract import ROOTS, ROUTES, STAGE, Route, Tree
from tests.infra.cdk import resource_policy

if TYPE_CHECKING:
    from tests.infra.reading import Reading

LISTED, ALSO_LISTED, UNLISTED, ANONYMOUS = "111111111111", "999999999999", "888888888888", "anonymous"
IAM_ROUTES = tuple(route for route in ROUTES if route.tree is Tree.IAM)
OPEN_ROUTES = tuple(route for route in ROUTES if route.tree is not Tree.IAM)


def asked(route: Route) -> str:
    """The resource of a real request: path parameters filled in."""
    return f"execute-api:/{STAGE}/{route.method}{ROOTS[route.tree]}{re.sub(r'{[a-z]+}', 'some-value', route.path)}"


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def matches(statement: dict[str, Any], account: str, resource: str) -> bool:
    principals = as_list(statement["Principal"]["AWS"])
    named = any(principal == "*" or f"::{account}:root" in principal for principal in principals)
    if "NotResource" in statement:
        on = not any(fnmatchcase(resource, pattern) for pattern in as_list(statement["NotResource"]))
    else:
        on = any(fnmatchcase(resource, pattern) for pattern in as_list(statement["Resource"]))
    spared = as_list(statement.get("Condition", {}).get("StringNotEquals", {}).get("aws:PrincipalAccount", []))
    assert set(statement.get("Condition", {})) <= {"StringNotEquals"}, "the evaluator knows no other condition"
    return named and on and account not in spared


def decision(policy: dict[str, Any], account: str, resource: str) -> str:
    effects = {statement["Effect"] for statement in policy["Statement"] if matches(statement, account, resource)}
    return "denied" if "Deny" in effects else "allowed" if "Allow" in effects else "silent"


@pytest.fixture
def deployed(reading: Reading) -> dict[str, Any]:
    policy = reading.one("AWS::ApiGateway::RestApi")["Policy"]
    for statement in policy["Statement"]:
        if isinstance(statement["Principal"], str):
            statement["Principal"] = {"AWS": statement["Principal"]}
    value: dict[str, Any] = policy
    return value


@pytest.mark.parametrize("route", IAM_ROUTES, ids=lambda route: f"{route.method} {route.path}")
@pytest.mark.parametrize(
    ("account", "expected"),
    [(LISTED, "allowed"), (ALSO_LISTED, "allowed"), (UNLISTED, "denied"), (ANONYMOUS, "denied")],
)
def test_each_route_of_the_iam_tree_is_open_to_listed_accounts_only(
    deployed: dict[str, Any], route: Route, account: str, expected: str
) -> None:
    assert decision(deployed, account, asked(route)) == expected


@pytest.mark.parametrize("route", OPEN_ROUTES, ids=lambda route: f"{route.method} {route.path}")
@pytest.mark.parametrize("account", [LISTED, UNLISTED, ANONYMOUS])
def test_each_route_of_the_github_tree_is_left_to_the_authorizer(
    deployed: dict[str, Any], route: Route, account: str
) -> None:
    assert decision(deployed, account, asked(route)) == "allowed"


def test_what_the_deny_spares_is_the_github_tree_and_nothing_else(deployed: dict[str, Any]) -> None:
    deny = next(entry for entry in deployed["Statement"] if entry["Effect"] == "Deny")
    spared = as_list(deny["NotResource"])
    assert len(spared) == len(OPEN_ROUTES)
    assert {route for route in ROUTES if any(fnmatchcase(asked(route), pattern) for pattern in spared)} == set(
        OPEN_ROUTES
    )


@pytest.mark.parametrize(
    "odd", ["v1/PUT/allocations", "v1/POST/allocationsX", "v2/POST/allocations", "v1/GET/", "v1/POST/x/allocations"]
)
def test_a_path_nobody_thought_of_is_never_allowed(deployed: dict[str, Any], odd: str) -> None:
    assert decision(deployed, LISTED, f"execute-api:/{odd}") == "silent"
    assert decision(deployed, UNLISTED, f"execute-api:/{odd}") == "denied"
    assert decision(deployed, ANONYMOUS, f"execute-api:/{odd}") == "denied"


@pytest.mark.parametrize(
    "odd",
    [
        *("v1/POST/github/x", "v1/GET/github/allocations", "v1/POST/x/github/allocations", "v1/GET/githubX/pools/a"),
        *("v1/PUT/github/allocations", "v2/POST/github/allocations", "v1/GET/github", "v1/GET/github/environments"),
    ],
)
def test_an_odd_path_of_the_github_tree_is_refused_to_strangers(deployed: dict[str, Any], odd: str) -> None:
    assert decision(deployed, ANONYMOUS, f"execute-api:/{odd}") == "denied"
    assert decision(deployed, UNLISTED, f"execute-api:/{odd}") == "denied"
    assert decision(deployed, LISTED, f"execute-api:/{odd}") == "silent"


def test_no_account_listed_means_nobody_on_the_iam_tree() -> None:
    (only,) = resource_policy((), IAM_ROUTES)["Statement"]
    assert (only["Effect"], only["Resource"], only.get("Condition")) == ("Deny", "*", None)
    deny = next(entry for entry in resource_policy((), ROUTES)["Statement"] if entry["Effect"] == "Deny")
    assert len(deny["NotResource"]) == len(OPEN_ROUTES)
    assert deny.get("Condition") is None


def test_no_pattern_has_a_wildcard_before_its_first_path_segment(deployed: dict[str, Any]) -> None:
    for statement in deployed["Statement"]:
        if statement["Effect"] == "Allow":
            for pattern in as_list(statement["Resource"]):
                assert re.match(r"execute-api:/v1/(GET|POST|DELETE)/[a-z]+(/|$)", pattern), pattern
