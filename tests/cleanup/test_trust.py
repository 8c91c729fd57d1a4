"""Who may enter a role: decided as IAM does, and everybody where the policy is not understood."""

from typing import Any

import pytest

from atmosphere.cleanup.trust import EVERYBODY, Admitted, Entrant, Kind, entrants, lets_in, outsiders
from atmosphere.core.model import AccountId

OWN, MANAGEMENT, FOREIGN = AccountId("111111111111"), AccountId("222222222222"), AccountId("999999999999")
SAML = f"arn:aws:iam::{OWN}:saml-provider/AWSSSO_1_DO_NOT_DELETE"
OIDC = f"arn:aws:iam::{OWN}:oidc-provider/token.example.com"
LINKED = "role/aws-service-role/stacksets.cloudformation.amazonaws.com/AWSServiceRoleForStackSetsOrgAdmin"
ADMITTED = Admitted(account=OWN, management=MANAGEMENT, roles=frozenset({"Deploy"}), providers=frozenset({SAML}))


def allow(principal: Any, **further: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **further}


def trust(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def aws(name: str) -> dict[str, str]:
    return {"AWS": name}


STAYS = {
    "a service": allow({"Service": "lambda.amazonaws.com"}),
    "several services": allow({"Service": ["ec2.amazonaws.com", "config.amazonaws.com"]}),
    "the management account": allow(aws(f"arn:aws:iam::{MANAGEMENT}:root")),
    "the management account by its number": allow(aws(MANAGEMENT)),
    "a service-linked role of the management account": allow(aws(f"arn:aws:iam::{MANAGEMENT}:{LINKED}")),
    "a role of the management account": allow(aws(f"arn:aws:iam::{MANAGEMENT}:role/Landing")),
    "a role of the baseline": allow(aws(f"arn:aws:iam::{OWN}:role/Deploy")),
    "a role of the baseline under a path": allow(aws(f"arn:aws:iam::{OWN}:role/some/where/Deploy")),
    "a session of a role of the baseline": allow(aws(f"arn:aws:sts::{OWN}:assumed-role/Deploy/me")),
    "a provider of the baseline": allow({"Federated": SAML}, Action="sts:AssumeRoleWithSAML"),
    "an action by which nobody enters": allow("*", Action=["sts:TagSession", "sts:SetSourceIdentity"]),
    "an action with brackets is no pattern": allow("*", Action="sts:[Aa]ssumeRole"),
    "everything but the ways in": {"Effect": "Allow", "Principal": "*", "NotAction": "sts:assumerole*"},
    "everybody, denied": allow("*", Effect="Deny"),
}
GOES = {
    "everybody": allow("*"),
    "everybody in AWS": allow(aws("*")),
    "everybody of an organization": allow("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
    "one ARN by condition": allow(
        aws("*"), Condition={"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{MANAGEMENT}:*"}}
    ),
    "a foreign account": allow(aws(f"arn:aws:iam::{FOREIGN}:root")),
    "a foreign account by its number": allow(aws(FOREIGN)),
    "a foreign account among others": allow({"AWS": [MANAGEMENT, FOREIGN]}),
    "a foreign account in the second statement": (allow(aws(MANAGEMENT)), allow(aws(FOREIGN))),
    "a foreign role named like one of the baseline": allow(aws(f"arn:aws:iam::{FOREIGN}:role/Deploy")),
    "a foreign user": allow(aws(f"arn:aws:iam::{FOREIGN}:user/me")),
    "the account itself": allow(aws(f"arn:aws:iam::{OWN}:root")),
    "a role that is not in the baseline": allow(aws(f"arn:aws:iam::{OWN}:role/Other")),
    "a path named like a role of the baseline": allow(aws(f"arn:aws:iam::{OWN}:role/Deploy/Other")),
    "a session named like a role of the baseline": allow(aws(f"arn:aws:sts::{OWN}:assumed-role/Other/Deploy")),
    "a user named like a role of the baseline": allow(aws(f"arn:aws:iam::{OWN}:user/Deploy")),
    "the account itself by its number": allow(aws(OWN)),
    "a role without a name": allow(aws(f"arn:aws:iam::{OWN}:role")),
    "a session without a role": allow(aws(f"arn:aws:sts::{OWN}:assumed-role")),
    "certificates of any authority": allow({"Service": "rolesanywhere.amazonaws.com"}),
    "things with a certificate": allow({"Service": "credentials.iot.amazonaws.com"}),
    "no action": {"Effect": "Allow", "Principal": aws(FOREIGN)},
    "no statement": (),
    "a principal and all but one": allow(aws(MANAGEMENT), NotPrincipal=aws(FOREIGN)),
    "one element twice, the other way round": {**allow(aws(FOREIGN)), "principal": aws(MANAGEMENT)},
    "a unique id": allow(aws("AROAEXAMPLEEXAMPLE")),
    "a wildcard inside a name": allow(aws(f"arn:aws:iam::{MANAGEMENT}:role/*")),
    "any service": allow({"Service": "*"}),
    "a provider that is not in the baseline": allow({"Federated": OIDC}),
    "a public provider": allow({"Federated": "cognito-identity.amazonaws.com"}),
    "a provider beside a service": allow({"Service": "lambda.amazonaws.com", "Federated": "accounts.google.com"}),
    "a canonical user": allow({"CanonicalUser": "79a59df900b949e5"}),
    "all but one": {"Effect": "Allow", "NotPrincipal": aws(MANAGEMENT), "Action": "sts:AssumeRole"},
    "no principal": {"Effect": "Allow", "Action": "sts:AssumeRole"},
    "a principal that is a list": allow([MANAGEMENT]),
    "a name that is no text": allow({"AWS": [12]}),
    "any way in": allow(aws(FOREIGN), Action="sts:Assume*"),
    "any action of STS": allow(aws(FOREIGN), Action="sts:*"),
    "any action that begins with s": allow(aws(FOREIGN), Action="s*"),
    "any action": allow(aws(FOREIGN), Action="*"),
    "a character left open": allow(aws(FOREIGN), Action="STS:?ssumerole"),
    "one of several actions": allow(aws(FOREIGN), Action=["sts:TagSession", "sts:AssumeRoleWithWebIdentity"]),
    "everything but another action": {"Effect": "Allow", "Principal": aws(FOREIGN), "NotAction": "sts:TagSession"},
    "everything but one way in": {"Effect": "Allow", "Principal": aws(FOREIGN), "NotAction": "sts:AssumeRole"},
    "elements in another case": {"effect": "Allow", "PRINCIPAL": {"aws": FOREIGN}, "action": "sts:AssumeRole"},
    "an effect in another case": allow(aws(FOREIGN), Effect="allow"),
    "one element twice": {**allow(aws(MANAGEMENT)), "principal": aws(FOREIGN)},
    "a statement that is a text": "sts:AssumeRole",
    "no document": None,
}


def _trust(case: Any) -> Any:
    if not case:
        return None if case is None else {"Version": "2012-10-17"}
    return trust(*case) if isinstance(case, tuple) else trust(case)


@pytest.mark.parametrize("case", STAYS.values(), ids=STAYS)
def test_nobody_from_outside_enters(case):
    assert outsiders(_trust(case), ADMITTED) == []


@pytest.mark.parametrize("case", GOES.values(), ids=GOES)
def test_somebody_from_outside_enters(case):
    assert outsiders(_trust(case), ADMITTED) != []


def test_a_single_statement_needs_no_list():
    assert outsiders({"Statement": allow(aws(FOREIGN))}, ADMITTED) == [Entrant(Kind.AWS, FOREIGN)]


def test_a_policy_without_statements_lets_in_nobody():
    assert entrants({"Version": "2012-10-17", "Statement": []}) == frozenset()


def test_without_a_management_account_none_is_admitted():
    assert outsiders(trust(allow(aws(MANAGEMENT))), Admitted(account=OWN)) == [Entrant(Kind.AWS, MANAGEMENT)]
    assert outsiders(trust(allow(aws("AROAEXAMPLE"))), Admitted(account=OWN)) != []


def test_an_unknown_kind_of_principal_is_everybody():
    assert entrants(trust(allow({"CanonicalUser": "79a59df900b949e5"}))) == {EVERYBODY}


def test_what_is_not_understood_is_everybody():
    assert entrants(trust({"Effect": "Allow", "NotPrincipal": aws(OWN), "Action": "*"})) == {EVERYBODY}


ENTERED = {
    "the account": aws(f"arn:aws:iam::{OWN}:root"),
    "its number": aws(OWN),
    "a role of it": aws(f"arn:aws:iam::{OWN}:role/a"),
    "a session of it": aws(f"arn:aws:sts::{OWN}:assumed-role/a/b"),
    "a unique id": aws("AIDAEXAMPLE"),
    "everybody": "*",
    "a provider": {"Federated": "accounts.google.com"},
    "a provider of another account": {"Federated": f"arn:aws:iam::{FOREIGN}:saml-provider/x"},
    "an unknown kind": {"CanonicalUser": "1"},
}


@pytest.mark.parametrize("principal", ENTERED.values(), ids=ENTERED)
def test_an_account_gets_in(principal):
    assert lets_in(trust(allow(principal)), OWN)


def test_an_account_gets_in_beside_others():
    assert lets_in(trust(allow(aws(FOREIGN)), allow(aws(OWN))), OWN)
    assert lets_in(trust(allow({"Service": ["ec2.amazonaws.com", "credentials.iot.amazonaws.com"]})), OWN)


@pytest.mark.parametrize("principal", [aws(FOREIGN), {"Service": "ec2.amazonaws.com"}])
def test_an_account_does_not_get_in(principal):
    assert not lets_in(trust(allow(principal)), OWN)
