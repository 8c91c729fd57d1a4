"""Who is asking: the gateway's words only, in the tree they belong to, and nothing that a caller can write."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.contract import RELEASE_SCHEME, ROUTES, FunctionName, Tree
from atmosphere.core.access import VerifiedCaller
from atmosphere.core.errors import Forbidden
from atmosphere.handlers.http import parse
from atmosphere.handlers.identity import ReleaseToken, identify
from tests.builders import a_run
from tests.handlers.door import Who, a_door, an_event, holder, signed, told, workflow

if TYPE_CHECKING:
    from atmosphere.contract import Route

SECRET: Final = "a_b-" + "x" * 39
SIGNED: Final = signed().identity
TOLD: Final = told(a_run())


def the_event(who: Who, route: Route | None = None) -> dict[str, Any]:
    if route is None:
        return an_event(who, "DELETE", "/allocations/an-id", {"outcome": "success"})
    return an_event(who, route.method, route.path, {})


def test_a_run_is_read_as_the_authorizer_told_it() -> None:
    run = a_run()
    caller = identify(the_event(workflow(rules="app,tool")))
    assert isinstance(caller, VerifiedCaller)
    assert caller.run == run
    assert caller.rules == ("app", "tool")
    assert caller.owner == f"github:{run.issuer}:{run.repository_id}:{run.run_id}"
    assert caller.asked_by == "acme/app@refs/heads/main"
    assert (caller.account, caller.role, caller.arn) == (None, None, "")


def test_what_a_token_need_not_say_may_be_missing() -> None:
    bare = {name: TOLD[name] for name in ("auth", "rules", "issuer", "repository_id", "run_id", "run_attempt")}
    caller = identify(the_event(Who(authorizer=bare, tree=Tree.GITHUB)))
    assert isinstance(caller, VerifiedCaller)
    assert caller.run is not None
    assert caller.run.check_run_id is None


def test_a_session_is_read_as_the_gateway_verified_it() -> None:
    caller = identify(the_event(signed("runner", session="run-1")))
    assert isinstance(caller, VerifiedCaller)
    assert caller.asked_by == "arn:aws:sts::111111111111:assumed-role/runner/run-1"
    assert caller.run is None


def test_a_release_token_goes_no_further_than_its_hash() -> None:
    event = the_event(holder(SECRET))
    assert identify(event) == ReleaseToken(sha256(SECRET.encode()).hexdigest())
    assert SECRET not in repr(parse(event))


@pytest.mark.parametrize("who", [workflow(), signed()], ids=["token", "signature"])
def test_no_header_that_may_hold_a_token_reaches_a_handler(who: Who) -> None:
    headers = {"authorization": "CANARY", "X-Amz-Security-Token": "CANARY", "Cookie": "CANARY", "Idempotency-Key": "k"}
    request = parse(an_event(who, "POST", "/allocations", {}, headers=headers))
    assert request.headers == {"idempotency-key": "k"}
    assert "CANARY" not in repr(request)


ODD: Final[dict[str, Who]] = {
    "nobody, IAM": Who(),
    "nobody, GitHub": Who(tree=Tree.GITHUB),
    "empty authorizer": Who(authorizer={}, tree=Tree.GITHUB),
    "authorizer without auth": Who(authorizer={"principalId": "github"}, tree=Tree.GITHUB),
    "unknown auth": Who(authorizer=TOLD | {"auth": "iam"}, tree=Tree.GITHUB),
    "auth in another case": Who(authorizer=TOLD | {"auth": "GitHub"}, tree=Tree.GITHUB),
    "auth as a list": Who(authorizer=TOLD | {"auth": ["github"]}, tree=Tree.GITHUB),
    "signature on the GitHub tree": Who(identity=SIGNED, tree=Tree.GITHUB),
    "both on the GitHub tree": Who(identity=SIGNED, authorizer=TOLD, tree=Tree.GITHUB),
    "both on the IAM tree": Who(identity=SIGNED, authorizer=TOLD),
    "token on the IAM tree": Who(authorizer=TOLD),
    "release token on the IAM tree": Who(authorizer={"auth": "release"}, headers=holder(SECRET).headers),
    "release token with a signature": Who(
        identity=SIGNED, authorizer={"auth": "release"}, headers=holder(SECRET).headers, tree=Tree.GITHUB
    ),
    "account without ARN": Who(identity={"accountId": "111111111111"}),
    "ARN without account": Who(identity={"userArn": SIGNED["userArn"]}),
    "account as a number": Who(identity={**SIGNED, "accountId": 111111111111}),
    "access key on the GitHub tree": Who(identity={"accessKey": "AKIA"}, authorizer=TOLD, tree=Tree.GITHUB),
    **{
        f"{name} {what}": Who(authorizer=TOLD | {name: value}, tree=Tree.GITHUB)
        for name in ("repository_id", "run_id", "run_attempt")
        for what, value in {
            "missing": "",
            "a number": 1,
            "no digits": "1x",
            "newline": "1\n",
            "other digits": "\u0661",
        }.items()
    },
    "issuer missing": Who(authorizer=TOLD | {"issuer": ""}, tree=Tree.GITHUB),
    "rules as a list": Who(authorizer=TOLD | {"rules": ["app"]}, tree=Tree.GITHUB),
    "no Authorization header": Who(authorizer={"auth": "release"}, tree=Tree.GITHUB),
    **{
        f"release token {what}": Who(
            authorizer={"auth": "release"}, tree=Tree.GITHUB, headers={"Authorization": f"Bearer {value}"}
        )
        for what, value in {
            "without scheme": SECRET,
            "too short": f"{RELEASE_SCHEME}{SECRET[:-1]}",
            "too long": f"{RELEASE_SCHEME}{SECRET}x",
            "padded": f"{RELEASE_SCHEME}{SECRET[:-1]}=",
            "with a newline": f"{RELEASE_SCHEME}{SECRET}\n",
            "after another": f"x {RELEASE_SCHEME}{SECRET}",
        }.items()
    },
}


@pytest.mark.parametrize("who", ODD.values(), ids=ODD.keys())
def test_an_identity_that_is_not_plain_is_refused(who: Who) -> None:
    with pytest.raises(Forbidden):
        identify(the_event(who))
    assert a_door().send(the_event(who), FunctionName.DEALLOCATE).answer == (403, "forbidden")


@pytest.mark.parametrize("resource", [None, 1, "", "/github", "/GitHub/allocations/{id}", "//github/allocations/{id}"])
def test_an_odd_resource_is_no_way_in_for_a_token(resource: object) -> None:
    for who in (workflow(), holder(SECRET)):
        event = the_event(who) | {"resource": resource}
        if resource == "/github" and who.authorizer and who.authorizer["auth"] == "github":
            continue  # the GitHub tree's root: a caller, and no route
        with pytest.raises(Forbidden):
            identify(event)


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.tree is Tree.GITHUB], ids=lambda route: f"{route.method} {route.path}"
)
def test_a_release_token_is_good_for_two_routes(route: Route) -> None:
    """Everywhere else it is refused, also by the functions that it was never meant for."""
    reply = a_door().send(the_event(holder(SECRET), route), route.function)
    known = {"DELETE /allocations/{id}": 400, "POST /allocations/{id}/heartbeat": 404}
    assert reply.status == known.get(f"{route.method} {route.path}", 403)


@pytest.mark.parametrize(
    "function", [name for name in FunctionName if name in {"allocate", "refresh", "query", "operate"}]
)
def test_a_release_token_sent_to_another_function_is_refused(function: FunctionName) -> None:
    assert a_door().send(the_event(holder(SECRET)), function).answer == (403, "forbidden")


def test_the_apis_own_account_is_never_looked_at() -> None:
    event = the_event(signed("runner", "999999999999"))
    event["requestContext"]["accountId"] = "111111111111"
    assert a_door().send(event, FunctionName.DEALLOCATE).answer == (403, "forbidden")


RULES: Final = {
    "its own": ("app", 200),
    "its own and one that is gone": ("gone,app", 200),
    "one that is gone": ("gone", 403),
    "none": ("", 403),
    "commas": (",,", 403),
    "another repository's": ("tool", 403),
    "an IAM rule's": ("runners", 403),
    "another case": ("App", 403),
    "with a space": (" app", 403),
}


@pytest.mark.parametrize(("rules", "status"), RULES.values(), ids=RULES.keys())
def test_a_rule_lets_in_by_name_and_repository(rules: str, status: int) -> None:
    """The authorizer may have read an older configuration; what has gone since, or names another, lets nobody in."""
    assert a_door().allocate(workflow(rules=rules)).status == status
