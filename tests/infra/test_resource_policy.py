"""The resource policy, evaluated for every route and every kind of caller, as API Gateway would."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.contract import ROUTES, STAGE, FunctionName, Route, Tree
from infra.constructs.policy import resource_policy

if TYPE_CHECKING:
    from tests.infra.reading import Reading

LISTED, ALSO_LISTED, UNLISTED, ANONYMOUS = "111111111111", "999999999999", "888888888888", "anonymous"
GITHUB_ROUTES = tuple(
    Route(method, path, FunctionName.QUERY, Tree.GITHUB)
    for method, path in (
        ("POST", "/allocations"),
        ("GET", "/allocations/{id}"),
        ("DELETE", "/allocations/{id}"),
        ("POST", "/allocations/{id}/credentials"),
        ("GET", "/pools/{pool}"),
        ("POST", "/webhook"),
    )
)


def asked(route: Route) -> str:
    """The resource of a real request: path parameters filled in."""
    root = "/github" if route.tree is Tree.GITHUB else ""
    return f"execute-api:/{STAGE}/{route.method}{root}{re.sub(r'{[a-z]+}', 'some-value', route.path)}"


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


def as_json(accounts: tuple[str, ...], routes: tuple[Route, ...]) -> dict[str, Any]:
    value: dict[str, Any] = resource_policy(accounts, routes).to_json()
    return value


@pytest.fixture
def deployed(reading: Reading) -> dict[str, Any]:
    policy = reading.one("AWS::ApiGateway::RestApi")["Policy"]
    for statement in policy["Statement"]:
        if isinstance(statement["Principal"], str):
            statement["Principal"] = {"AWS": statement["Principal"]}
    value: dict[str, Any] = policy
    return value


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
@pytest.mark.parametrize(
    ("account", "expected"),
    [(LISTED, "allowed"), (ALSO_LISTED, "allowed"), (UNLISTED, "denied"), (ANONYMOUS, "denied")],
)
def test_each_route_is_open_to_listed_accounts_only(
    deployed: dict[str, Any], route: Route, account: str, expected: str
) -> None:
    assert route.tree is Tree.IAM
    assert decision(deployed, account, asked(route)) == expected


@pytest.mark.parametrize(
    "odd", ["v1/PUT/allocations", "v1/POST/allocationsX", "v2/POST/allocations", "v1/GET/", "v1/POST/x/allocations"]
)
def test_a_path_nobody_thought_of_is_never_allowed(deployed: dict[str, Any], odd: str) -> None:
    assert decision(deployed, LISTED, f"execute-api:/{odd}") == "silent"
    assert decision(deployed, UNLISTED, f"execute-api:/{odd}") == "denied"
    assert decision(deployed, ANONYMOUS, f"execute-api:/{odd}") == "denied"


@pytest.mark.parametrize(
    ("account", "route"), list(product((LISTED, UNLISTED, ANONYMOUS), (*ROUTES, *GITHUB_ROUTES))), ids=str
)
def test_with_a_second_tree_everybody_reaches_its_routes_and_no_other(account: str, route: Route) -> None:
    policy = as_json((LISTED, ALSO_LISTED), (*ROUTES, *GITHUB_ROUTES))
    for statement in policy["Statement"]:
        principal = statement["Principal"]
        statement["Principal"] = {"AWS": principal if isinstance(principal, str) else str(principal["AWS"])}
    open_to_all = route.tree is Tree.GITHUB
    assert decision_of_template(policy, account, asked(route)) == (
        "allowed" if open_to_all or account == LISTED else "denied"
    )


def decision_of_template(policy: dict[str, Any], account: str, resource: str) -> str:
    """CDK writes unresolved tokens for the accounts' ARNs; the account is told by the condition of the Deny."""
    listed = next(entry for entry in policy["Statement"] if entry["Sid"] == "NobodyElse")["Condition"]
    for statement in policy["Statement"]:
        if statement["Sid"] == "ListedAccounts":
            accounts = listed["StringNotEquals"]["aws:PrincipalAccount"]
            statement["Principal"] = {"AWS": [f"arn:aws:iam::{entry}:root" for entry in accounts]}
    return decision(policy, account, resource)


@pytest.mark.parametrize("resource", ["v1/POST/github/x", "v1/GET/github/allocations", "v1/POST/x/github/allocations"])
def test_an_odd_path_of_the_second_tree_is_refused_to_strangers(resource: str) -> None:
    policy = as_json((LISTED,), (*ROUTES, *GITHUB_ROUTES))
    deny = next(entry for entry in policy["Statement"] if entry["Sid"] == "NobodyElse")
    assert matches({**deny, "Principal": {"AWS": "*"}}, ANONYMOUS, f"execute-api:/{resource}")


def test_no_account_listed_means_nobody() -> None:
    (only,) = as_json((), ROUTES)["Statement"]
    assert (only["Effect"], only["Resource"], only.get("Condition")) == ("Deny", "*", None)


def test_no_pattern_has_a_wildcard_before_its_first_path_segment(deployed: dict[str, Any]) -> None:
    for statement in deployed["Statement"]:
        if statement["Effect"] == "Allow":
            for pattern in as_list(statement["Resource"]):
                assert re.match(r"execute-api:/v1/(GET|POST|DELETE)/[a-z]+(/|$)", pattern), pattern
