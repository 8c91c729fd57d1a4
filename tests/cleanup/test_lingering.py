"""Whose sessions are cut off: of whatever role a test may have entered, decided as IAM does, and in doubt yes."""

from __future__ import annotations

from typing import Any

import pytest

from atmosphere.cleanup.model import GLOBAL, Resource
from atmosphere.cleanup.revoke.imposing import ROLE
from atmosphere.cleanup.revoke.lingering import enterable
from atmosphere.cleanup.state.baseline import Baseline
from atmosphere.cleanup.trust import lets_in
from tests.cleanup.conftest import ACCOUNT
from tests.cleanup.scene import Scene

INSIDE = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
OUTSIDE = {"AWS": "arn:aws:iam::999999999999:root"}
LAMBDA = {"Service": "lambda.amazonaws.com"}


def allowing(principal: Any = None, **other: Any) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": principal or INSIDE, "Action": "sts:AssumeRole"}
    return {name: value for name, value in {**statement, **other}.items() if value is not None}


ENTERED = {
    "the account": allowing(),
    "the account by its id": allowing({"AWS": ACCOUNT}),
    "somebody in the account, in a list": allowing({"AWS": [OUTSIDE["AWS"], f"arn:aws:iam::{ACCOUNT}:role/x"]}),
    "the account in another partition": allowing({"AWS": f"arn:aws-us-gov:iam::{ACCOUNT}:root"}),
    "everybody": allowing("*"),
    "everybody of AWS": allowing({"AWS": "*"}),
    "somebody by a unique id": allowing({"AWS": "AIDAEXAMPLE"}),
    "a federated identity": allowing({"Federated": "cognito-identity.amazonaws.com"}, Action="sts:AssumeRoleWith*"),
    "SAML": allowing({"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/x"}, Action="sts:AssumeRoleWithSAML"),
    "web identities": allowing({"Federated": "accounts.google.com"}, Action="sts:AssumeRoleWithWebIdentity"),
    "a canonical user": allowing({"CanonicalUser": "79a59df900b949e55d96a1e698fbaced"}),
    "a kind that is not known": allowing({"New": "x"}),
    "certificates of any authority": allowing({"Service": ["ec2.amazonaws.com", "rolesanywhere.amazonaws.com"]}),
    "all but somebody": {"Effect": "Allow", "NotPrincipal": OUTSIDE, "Action": "sts:AssumeRole"},
    "a wildcard in the action": allowing(Action="sts:Assume*"),
    "a wildcard for the service": allowing(Action="s*"),
    "a question mark": allowing(Action="sts:AssumeRol?"),
    "everything": allowing(Action="*"),
    "another case": allowing(Action="STS:assumerole"),
    "one action of several": allowing(Action=["sts:TagSession", "sts:AssumeRole"]),
    "all but an action": allowing(Action=None, NotAction="sts:TagSession"),
    "all but one of the ways": allowing(Action=None, NotAction=["sts:AssumeRole", "sts:AssumeRoleWithSAML"]),
    "on a condition": allowing(Condition={"StringEquals": {"sts:ExternalId": "x"}}),
}
"""Statements by which a test may enter a role as it is."""

CLOSED = {
    "a service": allowing(LAMBDA),
    "another account": allowing(OUTSIDE),
    "another account by its id": allowing({"AWS": "999999999999"}),
    "a service and another account": allowing({**LAMBDA, **OUTSIDE}),
    "a Deny": allowing(Effect="Deny"),
    "other actions": allowing(Action=["sts:TagSession", "sts:SetSourceIdentity"]),
    "an action that only begins alike": allowing(Action="sts:AssumeRoot"),
    "all but everything": allowing(Action=None, NotAction="sts:*"),
}


@pytest.mark.parametrize("who", ENTERED)
def test_a_role_that_may_be_entered_as_it_is_counts(who: str) -> None:
    assert lets_in({"Statement": ENTERED[who]}, ACCOUNT)
    assert lets_in({"Statement": [*CLOSED.values(), ENTERED[who]]}, ACCOUNT)


@pytest.mark.parametrize("who", CLOSED)
def test_a_role_that_takes_a_change_of_its_trust_does_not_count(who: str) -> None:
    assert not lets_in({"Statement": CLOSED[who]}, ACCOUNT)


def cut_off(content: Any) -> list[str]:
    """The roles that get a Deny where this is the baseline's only one, besides those of the registration."""
    baseline = Baseline(items={}, types=(), regions=(), contents={Resource(ROLE, "other", GLOBAL): content})
    return enterable(Scene().assignment(), baseline)


@pytest.mark.parametrize("content", [None, {}, {"trust": None}, {"trust": "?"}, {"trust": {"Statement": ["?"]}}])
def test_what_cannot_be_read_counts(content: Any) -> None:
    assert cut_off(content) == ["other"]


@pytest.mark.parametrize("statements", [[], list(CLOSED.values())])
def test_a_role_that_nobody_enters_does_not_count(statements: list[Any]) -> None:
    assert cut_off({"trust": {"Statement": statements}}) == []
