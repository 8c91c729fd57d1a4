"""With a profile, nothing in the job's variables wins over it unnoticed; the post step puts back what was there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.client.conftest import Answer, refused

if TYPE_CHECKING:
    from tests.action.conftest import Issued, Job, Ran
    from tests.client.conftest import Service

KEYS = {"AWS_ACCESS_KEY_ID": "K" * 20, "AWS_SECRET_ACCESS_KEY": "S" * 40}
TOKENS = {"AWS_SESSION_TOKEN": "T" * 40, "AWS_SECURITY_TOKEN": "T" * 40}


@pytest.fixture
def profiled(job: Job, service: Service, issued: Issued) -> Job:
    job.inputs["aws-profile"] = "atmosphere"
    service.script = [issued.granting()]
    return job


def summary(job: Job) -> str:
    return (job.place / "STEP_SUMMARY").read_text()


def test_the_job_s_keys_are_emptied_for_the_allocation_s_life_and_put_back(profiled: Job) -> None:
    profiled.environ |= {**KEYS, **TOKENS}

    main = profiled.main()

    assert main.code == 0, main.text
    assert profiled.values("ENV") == dict.fromkeys([*KEYS, *TOKENS], "")
    assert "AWS_* variables are empty" in main.annotations("notice")[0]
    assert "are empty until the post step restores them" in summary(profiled)
    assert "Set `AWS_PROFILE` to `atmosphere`" in summary(profiled)
    assert profiled.post().code == 0
    assert profiled.values("ENV") == {**KEYS, **TOKENS}


def test_the_job_s_region_is_aligned_with_the_profile_s_and_put_back(profiled: Job) -> None:
    before = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}
    profiled.environ |= before

    assert profiled.main().code == 0
    assert profiled.values("ENV") == dict.fromkeys(before, "us-east-1")
    assert profiled.post().code == 0
    assert profiled.values("ENV") == before


def test_a_clean_job_s_variables_are_left_alone(profiled: Job) -> None:
    profiled.environ["AWS_REGION"] = "us-east-1"

    main = profiled.main()

    assert main.annotations("notice") + main.annotations("warning") == []
    assert profiled.values("ENV") == {}
    assert profiled.post().code == 0
    assert profiled.values("ENV") == {}


def test_who_keeps_the_keys_is_warned_with_the_remedy(profiled: Job) -> None:
    profiled.environ |= KEYS
    profiled.inputs["unset-current-credentials"] = "false"

    main = profiled.main()

    assert profiled.values("ENV") == {}
    (warning,) = main.annotations("warning")
    assert "AWS_* variables win over the profile" in warning
    assert "Remove `unset-current-credentials: false`, or name the profile in each command" in warning
    assert "Warning: AWS_ACCESS_KEY_ID is set in this job" in summary(profiled)


def _keeping(job: Job) -> None:
    job.inputs |= {"aws-profile": "atmosphere", "unset-current-credentials": "false"}
    job.environ |= KEYS


def _with_a_profile(job: Job) -> None:
    job.environ["AWS_PROFILE"] = "mine"


@pytest.mark.parametrize("conflict", [_keeping, _with_a_profile])
def test_what_allowed_account_ids_cannot_check_is_refused_before_anything_is_allocated(
    job: Job, service: Service, conflict: object
) -> None:
    job.inputs["allowed-account-ids"] = "222222222222"
    assert callable(conflict)
    conflict(job)

    main = job.main()

    assert main.code == 1
    assert "`allowed-account-ids` cannot be checked" in main.annotations("error")[0]
    assert service.arrived == []


def test_emptied_keys_are_no_obstacle_for_allowed_account_ids(profiled: Job) -> None:
    profiled.environ |= KEYS
    profiled.inputs["allowed-account-ids"] = "222222222222"
    assert profiled.main().code == 0


def test_a_default_profile_variable_is_warned_about(profiled: Job) -> None:
    """boto3 reads it before AWS_PROFILE, and takes an empty one for a profile without a name."""
    profiled.environ["AWS_DEFAULT_PROFILE"] = "mine"
    assert "prefer AWS_DEFAULT_PROFILE to AWS_PROFILE" in profiled.main().annotations("warning")[0]
    assert profiled.values("ENV") == {}


def test_the_job_s_region_with_several_regions_is_warned_about(job: Job, service: Service, issued: Issued) -> None:
    one, two = issued.entry("one"), issued.entry("two", "333333333333")
    two["environment"]["region"] = "eu-west-1"
    service.script = [issued.granting(one, two)]
    job.inputs["environments"] = "one\ntwo"
    job.environ |= {**KEYS, "AWS_REGION": "us-west-2"}

    main = job.main()

    assert "tools use the region of AWS_REGION with every profile" in main.annotations("warning")[0]
    assert job.values("ENV") == dict.fromkeys(KEYS, "")


def test_older_names_of_a_token_do_not_stay_beside_exported_keys(job: Job, service: Service, issued: Issued) -> None:
    """botocore reads AWS_SECURITY_TOKEN before AWS_SESSION_TOKEN."""
    service.script = [issued.granting(), Answer()]
    job.environ |= {"AWS_SECURITY_TOKEN": "T" * 40, "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z"}

    assert job.main().code == 0
    exported = job.values("ENV")
    assert (exported["AWS_SECURITY_TOKEN"], exported["AWS_CREDENTIAL_EXPIRATION"]) == ("", "")
    assert job.post().code == 0
    assert job.values("ENV")["AWS_SECURITY_TOKEN"] == "T" * 40


def next_step(job: Job, number: int) -> None:
    """The next step of the same job: its variables are what the steps before it left."""
    job.environ |= {name: value for name, value in job.values("ENV").items() if value}
    for name in [name for name, value in job.values("ENV").items() if not value]:
        job.environ[name] = ""
    for name in ("STATE", "ENV", "OUTPUT"):
        (job.place / name).write_text("")
    job.allocation = str(number) * 8 + job.allocation[8:]


def signer(service: Service) -> str:
    return service.arrived[-1].headers["authorization"].partition("Credential=")[2].partition("/")[0]


def test_emptied_keys_still_sign_for_a_later_step(job: Job, service: Service, issued: Issued) -> None:
    service.script = [issued.granting()]
    job.environ |= KEYS
    job.inputs |= {"auth": "iam", "aws-profile": "one"}
    assert job.main().code == 0

    next_step(job, 1)
    job.inputs["aws-profile"] = "two"
    second = job.main()

    assert second.code == 0, second.text
    assert signer(service) == KEYS["AWS_ACCESS_KEY_ID"]


def test_two_allocations_by_profile_stay_apart_after_one_by_variables(
    job: Job, service: Service, issued: Issued
) -> None:
    """The second step's profile is not shadowed by the first one's variables; its post step restores them."""
    service.script = [issued.granting()]
    assert job.main().code == 0
    first = job.values("ENV")

    next_step(job, 1)
    job.inputs["aws-profile"] = "two"
    assert job.main().code == 0
    assert {job.values("ENV")[name] for name in KEYS} == {""}
    assert job.post().code == 0
    assert {name: job.values("ENV")[name] for name in KEYS} == {name: first[name] for name in KEYS}


def explained(job: Job, service: Service, answer: Answer) -> str:
    service.script = [answer]
    ran: Ran = job.main()
    assert ran.code == 1
    return ran.annotations("error")[0]


def test_a_refused_pull_request_names_its_event_and_ref(job: Job, service: Service) -> None:
    job.environ |= {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/5/merge"}
    text = explained(job, service, refused(403, "forbidden"))
    assert "the event 'pull_request' on the ref 'refs/pull/5/merge'" in text
    assert "rules allow pull requests only if `events` names them" in text


def test_a_refused_token_of_a_job_with_aws_credentials_points_to_auth_iam(job: Job, service: Service) -> None:
    job.environ |= KEYS
    assert "set `auth: iam`" in explained(job, service, refused(403, "forbidden"))
    job.inputs["auth"] = "oidc"
    assert "set `auth: iam`" not in explained(job, service, refused(403, "forbidden"))


def test_an_unknown_role_is_named_as_the_likeliest_cause(job: Job, service: Service) -> None:
    job.inputs["role"] = "raeder"
    assert "have the role `raeder`, which is the likeliest cause" in explained(
        job, service, refused(400, "unsatisfiable")
    )


@pytest.mark.parametrize("route", ["allocations", "github", "github/allocations/"])
def test_an_endpoint_with_a_route_is_refused_as_such(job: Job, service: Service, route: str) -> None:
    job.inputs["endpoint"] = f"{service.endpoint}/{route}"
    main = job.main()
    assert main.code == 1
    assert "which the action adds itself: remove it" in main.annotations("error")[0]
    assert service.arrived == []


def test_comment_lines_are_no_constraints(job: Job, service: Service, issued: Issued) -> None:
    service.script = [issued.granting()]
    job.inputs["constraints"] = "# only where we have a zone\nregion=us-east-1\n  # and\n\naccount=222222222222"
    assert job.main().code == 0
    assert json.loads(json.dumps(service.arrived[0].body["constraints"])) == [
        {"type": "region", "value": ["us-east-1"]},
        {"type": "account", "value": ["222222222222"]},
    ]


def test_comment_lines_are_no_environments(job: Job, service: Service, issued: Issued) -> None:
    service.script = [issued.granting(issued.entry("one"))]
    job.inputs["environments"] = "# the producer\none region=us-east-1"
    assert job.main().code == 0
    assert [entry["name"] for entry in service.arrived[0].body["environments"]] == ["one"]
