"""One synthesis for all tests of the template."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.core.access import AccessRules, IamRule, Operator
from atmosphere.core.github import GITHUB_COM, Issuer, TrustedIssuer
from atmosphere.core.model import ADMIN, AccountId, EnvironmentKey, PoolName, Region, Registration, RoleArn, RuleName
from atmosphere.core.settings import Settings
from atmosphere.core.snapshot import Snapshot
from infra.everything import EVERYTHING
from infra.target import Target
from tests.infra.cdk import synthesize
from tests.infra.reading import Reading

if TYPE_CHECKING:
    from pathlib import Path

SERVER = Issuer("https://github.acme.test/_services/token")
LISTED = ("111111111111", "999999999999")


@pytest.fixture(scope="session")
def snapshot() -> Snapshot:
    return example()


def example() -> Snapshot:
    account = AccountId("222222222222")
    return Snapshot(
        environments=(
            Registration(
                key=EnvironmentKey(account, Region("us-east-1")),
                pool=PoolName("demo"),
                roles={ADMIN: RoleArn(f"arn:aws:iam::{account}:role/Admin")},
                external_id="example",
            ),
        ),
        access=AccessRules(
            iam=(IamRule(name=RuleName("tests"), account=AccountId(LISTED[0]), pools=(PoolName("demo"),)),),
            operators=(Operator(account=AccountId(LISTED[1]), role="operator"),),
        ),
        settings=Settings(
            role_names=("Admin", "Reader"),
            cleanup_limit=timedelta(minutes=40),
            issuers=tuple(TrustedIssuer(issuer=issuer, jwks_url=f"{issuer}/keys") for issuer in (GITHUB_COM, SERVER)),
        ),
    )


@pytest.fixture(scope="session")
def assembly(snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `python -m infra.app --target host` writes."""
    out = tmp_path_factory.mktemp("assembly") / "out"
    synthesize(snapshot, target=Target.HOST, out=out)
    return out


@pytest.fixture(scope="session")
def full_assembly(snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with every option."""
    out = tmp_path_factory.mktemp("full") / "out"
    synthesize(snapshot, target=Target.HOST, out=out, options=EVERYTHING)
    return out


@pytest.fixture(scope="session")
def full(full_assembly: Path) -> Reading:
    return Reading(json.loads((full_assembly / "atmosphere.template.json").read_text()))


@pytest.fixture(scope="session")
def template(assembly: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((assembly / "atmosphere.template.json").read_text())
    return value


@pytest.fixture(scope="session")
def reading(template: dict[str, Any]) -> Reading:
    return Reading(template)
