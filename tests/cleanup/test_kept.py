"""What is kept is protected where it is: a leftover may have its name in another region."""

from __future__ import annotations

from atmosphere.cleanup.model import GLOBAL, Resource
from atmosphere.cleanup.state.baseline import UNKNOWN, Baseline
from atmosphere.cleanup.verdict.protected import Protection
from atmosphere.core.model import ADMIN, EnvironmentKey, PoolName, Region, Registration
from tests.cleanup.conftest import ACCOUNT, REGION, role_arn
from tests.cleanup.test_protected import names

ELSEWHERE = Region("eu-west-1")
REGISTRATION = Registration(
    key=EnvironmentKey(ACCOUNT, REGION), pool=PoolName("tests"), roles={ADMIN: role_arn()}, external_id="x"
)


def _kept(*items: Resource) -> Protection:
    return Protection(REGISTRATION, Baseline(items=dict.fromkeys(items), types=(), regions=(REGION, ELSEWHERE)))


def test_what_is_regional_is_protected_in_its_region():
    protected = _kept(Resource("AWS::Logs::LogGroup", "/needed", REGION)).protected()
    assert names(protected, "logs:DeleteLogGroup", REGION, logGroupName="/needed")
    assert not names(protected, "logs:DeleteLogGroup", ELSEWHERE, logGroupName="/needed")


def test_what_is_global_is_protected_from_everywhere():
    protected = _kept(
        Resource("AWS::IAM::Role", "needed", GLOBAL), Resource("AWS::S3::Bucket", "needed", REGION)
    ).protected()
    assert names(protected, "iam:DeleteRole", ELSEWHERE, RoleName="needed")
    assert names(protected, "s3:DeleteBucket", ELSEWHERE, Bucket="needed")


def test_the_environments_own_roles_are_protected_without_a_baseline():
    own = Protection(REGISTRATION, UNKNOWN).protected()
    assert names(own, "iam:DeleteRole", REGION, RoleName=role_arn().rpartition("/")[2])
