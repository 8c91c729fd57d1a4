"""What the steps after an allocate see of it, and what is left of it when the job is over."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.journeys.action.acting import REPOSITORY, job, step
from tests.journeys.action.records import ids, issued
from tests.journeys.action.scene import HOMES, ZONE

if TYPE_CHECKING:
    from tests.journeys.action.scene import Scene

pytestmark = pytest.mark.emulator

PROFILES = ".aws/config"


def test_outputs_and_environment_reach_later_steps(scene: Scene) -> None:
    output = scene.does(
        scene.lease(),
        step("echo id=${{ steps.lease.outputs.allocation-id }} until=${{ steps.lease.outputs.expires-at }}"),
        step("echo place=${{ steps.lease.outputs.aws-account-id }}/${{ steps.lease.outputs.aws-region }}"),
        step('echo keys="$AWS_ACCESS_KEY_ID/$AWS_SECRET_ACCESS_KEY/$AWS_SESSION_TOKEN"; $PROBE'),
        step('echo outputs="${{ steps.lease.outputs.aws-secret-access-key }}."'),
    )
    allocation = scene.given_back(proof="token")
    environment = allocation["environments"][0]["environment"]
    place = environment["account"], environment["region"]
    assert f"id={allocation['id']} until={allocation['expiresAt']}\n" in output
    assert f"place={place[0]}/{place[1]}\n" in output
    assert f"probe: {place[0]} {place[1]}\n" in output
    assert "keys=***/***/***\n" in output
    assert "outputs=.\n" in output
    audience = urlencode({"audience": scene.told["github"]["audience"]})
    assert all(audience in one.path for one in scene.tokens.exchanges)


def test_the_summary_says_what_was_allocated(scene: Scene) -> None:
    output = scene.does(scene.lease())
    allocation = scene.given_back()
    summary = output.partition("Summary - ")[2].partition("\n[journey/")[0]
    account = allocation["environments"][0]["environment"]["account"]
    assert all(text in summary for text in (allocation["id"], account, allocation["pool"]))
    assert "***" not in summary, "act has hidden something that should not be there"


def test_what_is_issued_is_not_printed_either_where_no_mask_would_hide_it(scene: Scene) -> None:
    """With act's masks off, and only act's own account of variables and outputs left out."""
    output = scene.does(scene.lease(output_credentials="true"), flags=["--insecure-secrets"])
    scene.given_back(masked=False)
    told = list(issued(scene.door))
    lines = [line for line in output.splitlines() if "::set-env::" not in line and "::set-output::" not in line]
    assert len(lines) < len(output.splitlines())
    assert not [line for line in lines if any(secret in line for secret in told)]
    assert any(secret in output for secret in told), "act has masked after all"


def test_a_profile_renews_its_credentials(scene: Scene) -> None:
    """The service is asked again once they come to their end, and by one of all processes."""
    aged = """sed -i 's/"asked": [0-9.]*/"asked": 0/' "$RUNNER_TEMP"/atmosphere-*/credentials.json"""
    output = scene.does(
        scene.lease(aws_profile="leased", duration="15m"),
        step("$PROBE leased"),
        step(aged),
        step("$PROBE leased & $PROBE leased & wait"),
    )
    environment = scene.given_back()["environments"][0]["environment"]
    assert output.count(f"probe: {environment['account']} {environment['region']}\n") == 3
    first, renewed = scene.door.of("POST")
    assert renewed.path.endswith("/credentials")
    keys = {one.answered["environments"][0]["credentials"]["accessKeyId"] for one in (first, renewed)}
    assert len(keys) == 2


def test_by_default_the_requester_names_repository_workflow_and_run(scene: Scene) -> None:
    scene.does(scene.lease(requester=None))
    requester = scene.given_back()["requester"]
    assert REPOSITORY in requester
    assert "journey" in requester


def test_credentials_are_outputs_on_request_and_masked(scene: Scene) -> None:
    output = scene.does(
        scene.lease(output_credentials="true", output_env_credentials="false"),
        step(
            'echo "outputs=${{ steps.lease.outputs.aws-access-key-id }}/${{ steps.lease.outputs.aws-session-token }}"'
        ),
        step('echo environment="${AWS_ACCESS_KEY_ID:-none}"'),
    )
    scene.given_back()
    assert "outputs=***/***\n" in output
    assert "environment=none\n" in output


def test_account_region_and_allocation_are_outputs_of_the_job(scene: Scene) -> None:
    names = {"account": "aws-account-id", "region": "aws-region", "id": "allocation-id"}
    told = {name: f"${{{{ steps.lease.outputs.{output} }}}}" for name, output in names.items()}
    shown = " ".join(f"${{{{ needs.one.outputs.{name} }}}}" for name in names)
    after = job(step(f"echo told {shown}"), needs="one")
    run = scene.start_jobs({"one": job(scene.lease(), outputs=told), "two": after})
    assert run.ended() == 0, run.output
    allocation = scene.given_back()
    environment = allocation["environments"][0]["environment"]
    assert f"told {environment['account']} {environment['region']} {allocation['id']}\n" in run.output


def test_constraints_choose_the_environment(scene: Scene) -> None:
    scene.does(scene.lease(constraints=f"capability={ZONE}\nregion=us-east-1,eu-west-1"))
    (entry,) = scene.given_back()["environments"]
    assert HOMES[entry["environment"]["account"]] == "eu-west-1"


def test_a_profile_leaves_the_environment_alone_and_goes_with_the_job(scene: Scene) -> None:
    config = scene.caller.home / PROFILES
    config.parent.mkdir()
    before = "[profile mine]\nregion = eu-central-1"  # no line end, as some editors leave it
    config.write_text(before)
    output = scene.does(
        scene.lease(aws_profile="leased"),
        step('echo environment="${AWS_ACCESS_KEY_ID:-none}"; $PROBE leased; ls -l ~/.aws/config'),
    )
    environment = scene.given_back()["environments"][0]["environment"]
    assert f"probe: {environment['account']} {environment['region']}\n" in output
    assert "environment=none\n" in output
    assert config.read_text() == before


def test_several_environments_are_profiles_that_an_sdk_can_use(scene: Scene) -> None:
    output = scene.does(
        scene.lease(environments=f"zone capability={ZONE}\nother region=us-east-1", accounts="distinct"),
        step("$PROBE atmosphere-zone; $PROBE atmosphere-other"),
        step('echo environment="${AWS_ACCESS_KEY_ID:-none}"'),
    )
    found = {entry["name"]: entry["environment"] for entry in scene.given_back()["environments"]}
    for name in ("zone", "other"):
        assert f"probe: {found[name]['account']} {found[name]['region']}\n" in output
    assert "environment=none\n" in output
    assert not (scene.caller.home / PROFILES).exists() or "atmosphere" not in (scene.caller.home / PROFILES).read_text()


LAST = {
    "action.yml": json.dumps(
        {
            "name": "last",
            "description": "Its post step runs after those of all later steps.",
            "runs": {"using": "node24", "main": "main.js", "post": "post.js"},
        }
    ),
    "main.js": "",
    "post.js": "const { env } = process; console.log(`after ${env.AWS_ACCESS_KEY_ID}/${env.AWS_REGION}.`);",
}


def test_what_stood_before_stands_again_afterwards(scene: Scene) -> None:
    for name, text in LAST.items():
        scene.caller.write(f".github/actions/last/{name}", text)
    output = scene.does(
        {"uses": "actions/checkout@v4"},
        {"uses": "./.github/actions/last"},
        step('{ echo AWS_ACCESS_KEY_ID=before; echo AWS_REGION=eu-central-1; } >> "$GITHUB_ENV"'),
        scene.lease(),
        step("$PROBE"),
    )
    environment = scene.given_back()["environments"][0]["environment"]
    assert f"probe: {environment['account']} {environment['region']}\n" in output
    assert re.search(r"after (before|\*\*\*)/eu-central-1\.\n", output)


def test_two_uses_in_one_job_are_two_allocations_given_back_last_first(scene: Scene) -> None:
    output = scene.does(
        scene.lease(),
        {**scene.lease(), "id": "second"},
        step("echo ${{ steps.lease.outputs.allocation-id }} then ${{ steps.second.outputs.allocation-id }}"),
    )
    first, second = scene.all_given_back(2)
    assert f"{first['id']} then {second['id']}\n" in output
    ended = [one.path.rpartition("/")[2] for one in scene.door.of("DELETE")]
    assert ended == [second["id"], first["id"]]
    assert "::warning" in output


def test_each_job_of_a_matrix_has_an_allocation_of_its_own(scene: Scene) -> None:
    matrix = {"matrix": {"part": ["one", "two", "three"]}}
    run = scene.start_jobs({"tests": job(scene.lease(), step("$PROBE"), strategy=matrix)})
    assert run.ended() == 0, run.output
    accounts = {one["environments"][0]["environment"]["account"] for one in scene.all_given_back(3)}
    assert len(accounts) == 3
    assert all(f"probe: {account} {HOMES[account]}\n" in run.output for account in accounts)


def test_inside_the_callers_own_local_composite_twice(scene: Scene) -> None:
    composite = {
        "name": "mine",
        "description": "A composite of the caller.",
        "outputs": {"id": {"description": "the id", "value": "${{ steps.lease.outputs.allocation-id }}"}},
        "runs": {"using": "composite", "steps": [scene.lease()]},
    }
    scene.caller.write(".github/actions/mine/action.yml", json.dumps(composite))
    output = scene.does(
        {"uses": "actions/checkout@v4"},
        {"uses": "./.github/actions/mine", "id": "first"},
        {"uses": "./.github/actions/mine", "id": "second"},
        step("echo ${{ steps.first.outputs.id }} then ${{ steps.second.outputs.id }}"),
    )
    scene.all_given_back(2)
    assert " then ".join(ids(scene.door)) + "\n" in output
