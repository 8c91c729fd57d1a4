"""What is kept is protected where it is: a leftover may have its name in another region."""

from __future__ import annotations

from atmosphere.cleanup.model import GLOBAL, Resource
from atmosphere.cleanup.state.baseline import UNKNOWN, Baseline
from atmosphere.cleanup.verdict.protected import Protection
from atmosphere.core.model import ADMIN, EnvironmentKey, PoolName, Region, Registration
from tests.cleanup.conftest import ACCOUNT, REGION, role_arn

ELSEWHERE = Region("eu-west-1")
REGISTRATION = Registration(
    key=EnvironmentKey(ACCOUNT, REGION), pool=PoolName("tests"), roles={ADMIN: role_arn()}, external_id="x"
)


def _kept(*items: Resource) -> Protection:
    return Protection(REGISTRATION, Baseline(items=dict.fromkeys(items), types=(), regions=(REGION, ELSEWHERE)))


def test_what_is_regional_is_protected_in_its_region():
    protected = _kept(Resource("AWS::Logs::LogGroup", "/needed", REGION)).protected()
    assert protected.names("logs", REGION, "/needed")
    assert not protected.names("logs", ELSEWHERE, "/needed")


def test_what_is_global_is_protected_from_everywhere():
    protected = _kept(
        Resource("AWS::IAM::Role", "needed", GLOBAL), Resource("AWS::S3::Bucket", "needed", REGION)
    ).protected()
    assert protected.names("iam", ELSEWHERE, "needed")
    assert protected.names("s3", ELSEWHERE, "needed")


def test_the_environments_own_roles_are_protected_without_a_baseline():
    assert Protection(REGISTRATION, UNKNOWN).protected().names("iam", REGION, role_arn().rpartition("/")[2])
