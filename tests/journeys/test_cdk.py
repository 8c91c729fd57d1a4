"""The CDK CLI, unchanged, in a local environment: bootstrap, deploy and destroy an app as a tenant writes it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest

from tests.journeys.api import INSTALLED, ROOT, Api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.local.service import LocalService

pytestmark = [pytest.mark.emulator, pytest.mark.slow, pytest.mark.timeout(900)]

POOL: Final = "release"  # one environment: the second tenant gets the one that the first has left
APP: Final = Path(__file__).parent / "cdk"
LIMIT: Final = 300.0  # seconds for one command
QUIET: Final = {
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    "CDK_DISABLE_VERSION_CHECK": "true",
    "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
    "NODE_NO_WARNINGS": "1",
}


@dataclass(frozen=True, slots=True)
class Tenant:
    """A test with an environment, an app and a shell."""

    directory: Path
    endpoint: str
    granted: dict[str, Any] = field(repr=False)

    @property
    def account(self) -> str:
        return str(self.granted["environment"]["account"])

    @property
    def region(self) -> str:
        return str(self.granted["environment"]["region"])

    @property
    def variables(self) -> dict[str, str]:
        """What the action sets, and what says where the embedded AWS is."""
        keys = self.granted["credentials"]
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": keys["accessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["secretAccessKey"],
            "AWS_SESSION_TOKEN": keys["sessionToken"],
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }

    @property
    def profile(self) -> dict[str, str]:
        """What docs/action.md sets for a step with a profile, which a process supplies with keys."""
        keys = self.granted["credentials"]
        reply = {"Version": 1, "AccessKeyId": keys["accessKeyId"], "SecretAccessKey": keys["secretAccessKey"]}
        (self.directory / "reply.json").write_text(json.dumps(reply | {"SessionToken": keys["sessionToken"]}))
        config = self.directory / "aws-config"
        process = f"cat {self.directory / 'reply.json'}"
        config.write_text(f"[profile atmosphere]\nregion = {self.region}\ncredential_process = {process}\n")
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_CONFIG_FILE": str(config),
            "AWS_PROFILE": "atmosphere",
            "AWS_REGION": self.region,
            "ENVIRONMENT": f"aws://{self.account}/{self.region}",
        }

    def run(self, line: str, variables: dict[str, str]) -> str:
        """What a line in the app's directory prints; it has to succeed."""
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self.directory,
            env={"PATH": os.environ["PATH"], "HOME": str(self.directory), **QUIET, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}"
        return done.stdout

    def deploy(self, *options: str) -> dict[str, str]:
        """The outputs of the app's stack."""
        words = ("npx cdk deploy --require-approval never --outputs-file outputs.json", *options)
        self.run(" ".join(words), self.variables)
        outputs: dict[str, str] = json.loads((self.directory / "outputs.json").read_text())["sample"]
        return outputs

    def client(self, service: str) -> Any:
        keys = self.granted["credentials"]
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=keys["accessKeyId"],
            aws_secret_access_key=keys["secretAccessKey"],
            aws_session_token=keys["sessionToken"],
        )

    def stacks(self) -> set[str]:
        """The stacks that are there, without the one of the environment's role."""
        found = self.client("cloudformation").describe_stacks()["Stacks"]
        return {stack["StackName"] for stack in found} - {"atmosphere-environment-AtmosphereAdmin"}

    def buckets(self) -> set[str]:
        return {bucket["Name"] for bucket in self.client("s3").list_buckets()["Buckets"]}


def bootstrap_line() -> str:
    """The line by which docs/action.md bootstraps."""
    (line,) = [text.strip() for text in (ROOT / "docs/action.md").read_text().splitlines() if "cdk bootstrap" in text]
    return line


@pytest.fixture
def tenant(local_service: LocalService, tmp_path: Path) -> Iterator[Tenant]:
    assert (INSTALLED / ".ready").exists(), "the CDK CLI is not installed: run `make setup`"
    description = local_service.description
    runner = Api(description["endpoint"], description["callers"]["runner"])
    runner.until_free(POOL)
    app = tmp_path / "app"
    shutil.copytree(APP, app)
    (app / "node_modules").symlink_to(INSTALLED / "node_modules")
    (app / "cdk.json").write_text(json.dumps({"app": shlex.join([sys.executable, "app.py"]), "notices": False}))
    with runner.allocation(pool=POOL, requester="CDK journey") as granted:
        yield Tenant(app, description["awsEndpoint"], granted)
    runner.until_free(POOL)


def test_the_cdk_bootstraps_deploys_and_destroys(tenant: Tenant) -> None:
    tenant.run(bootstrap_line(), tenant.profile)
    toolkit = {f"cdk-hnb659fds-assets-{tenant.account}-{tenant.region}"}
    assert (tenant.stacks(), tenant.buckets()) == ({"CDKToolkit"}, toolkit)

    outputs = tenant.deploy()
    assert outputs["CustomAnswer"] == "42 to life"
    assert outputs["ImageUri"].startswith(f"{tenant.account}.dkr.ecr.{tenant.region}.amazonaws.com/cdk-hnb659fds-")
    storage = tenant.client("s3")
    assert [found["Key"] for found in storage.list_objects_v2(Bucket=outputs["BucketName"])["Contents"]] == ["asked"]

    tenant.run("npx cdk destroy --force", tenant.variables)
    assert (tenant.stacks(), tenant.buckets()) == ({"CDKToolkit"}, toolkit)


def test_the_next_tenant_may_use_another_qualifier_and_destroy_nothing(tenant: Tenant) -> None:
    assert (tenant.stacks(), tenant.buckets()) == (set(), set())
    tenant.run('npx cdk bootstrap "$ENVIRONMENT" --qualifier other --toolkit-stack-name Other', tenant.profile)
    outputs = tenant.deploy("--toolkit-stack-name Other -c @aws-cdk/core:bootstrapQualifier=other")
    assert outputs["CustomAnswer"] == "42 to life"
    assert tenant.stacks() == {"Other", "sample"}
