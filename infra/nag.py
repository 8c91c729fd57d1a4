"""cdk-nag and cfn-lint over the stacks: `python -m infra.nag`, in `make lint`.

The stacks are the one by default, one with every option, one on what was adopted, and the environments'.

`ACCEPTED` is the one table of findings that stay, each with its reason. A finding without a row fails, and so does a
row without a finding. Assets play no part in the rules, so one stand-in directory serves all functions.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from atmosphere.config.load import load
from atmosphere.contract import NAME
from infra import assets
from infra.assets import Asset
from infra.environment import EnvironmentStack
from infra.everything import ADOPTED, EVERYTHING
from infra.names import DEFAULT
from infra.sources import ROOT
from infra.stack import AtmosphereStack
from infra.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Findings that stay: those of `rule` (with its detail, where it has one) at `where`, whole patterns; and why."""

    rule: str
    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """One finding."""

    rule: str
    where: str


_IGNORED: Final = ("W3005",)
"""CDK writes DependsOn also where a reference says the same."""
_ANY: Final = r"atmosphere(-full|-adopted)?/Service/"
ACCEPTED: Final = (
    Accepted(
        rule="S1",
        where=_ANY + r"Bucket\w*/Resource",
        why="only the service's roles reach the bucket; who reads what is CloudTrail's to tell, where it is wanted",
    ),
    Accepted(
        rule="SMG4",
        where=_ANY + "WebhookSecret",
        why="GitHub has the same secret and cannot be told a new one: an operator changes both (docs/access.md)",
    ),
    Accepted(
        rule="SF[12]",
        where=_ANY + "CleanupMachine/Resource",
        why="each pass logs and counts itself, and executions keep their history for 90 days",
    ),
    Accepted(
        rule=r"IAM5\[Resource::<ServiceBucket\w+\.Arn>/(snapshots|cleanups|baselines|debt)/\*\]",
        where=_ANY + r"\w+Role/Resource",
        why="objects are named by digests and allocations; each role has only the prefixes that it needs (grants.py)",
    ),
    Accepted(
        rule=r"IAM5\[Resource::arn:<AWS::Partition>:iam::\*:role/\w+\]",
        where=_ANY + "(Allocate|Refresh|Cleanup)Role/Resource",
        why="environments are in any account; the names are role_names of settings.yaml, and each role's trust policy "
        "has to agree",
    ),
    Accepted(
        rule=r"IAM5\[Resource::arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<ServiceApi\w+>/v1/"
        r"DELETE/allocations/\*\]",
        where=_ANY + "CanaryRole/Resource",
        why="the id of the canary's allocation is random; the service checks that it owns it",
    ),
    Accepted(
        rule=r"IAM4\[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs\]",
        where=_ANY + "Api/CloudWatchRole/Resource",
        why="the policy that AWS documents for API Gateway's access logs; an account has one such role",
    ),
    Accepted(
        rule="APIG2",
        where=_ANY + "Api/Resource",
        why="the handlers check every request and answer with our codes; the gateway would answer with its own",
    ),
    Accepted(
        rule="APIG3",
        where="atmosphere/Service/Api/DeploymentStage.v1/Resource",
        why="a web ACL costs money and is an option: `firewall` in deployment.yaml",
    ),
    Accepted(
        rule="APIG6",
        where=_ANY + "Api/DeploymentStage.v1/Resource",
        why="execution logs hold headers, and so tokens; the access log has a line for each request",
    ),
    Accepted(
        rule="COG4",
        where=_ANY + "Api/Default/.*/Resource",
        why="callers are AWS principals (SigV4), workflows (OIDC, our authorizer) or GitHub (HMAC): there are no users",
    ),
    Accepted(
        rule="APIG4",
        where=_ANY + "Api/Default/github/webhook/POST/Resource",
        why="GitHub signs the body, which only the handler sees",
    ),
    Accepted(
        rule=r"IAM5\[(Action|Resource)::\*\]",
        where="atmosphere-environment/Boundary",
        why="a boundary grants nothing: it allows everything except what its Deny statements name",
    ),
    Accepted(
        rule=r"IAM4\[Policy::arn:<AWS::Partition>:iam::aws:policy/AdministratorAccess\]",
        where="atmosphere-environment/Role",
        why="tests create whatever they like, and cleaning deletes it: that is what an environment is for",
    ),
)
_PACK: Final = "AwsSolutions-"


def judge(found: Iterable[Found], accepted: Iterable[Accepted] = ACCEPTED) -> Iterator[str]:
    """What is wrong: each finding that no row accepts, and each row that accepts none."""
    used = set()
    for each in found:
        rows = [row for row in accepted if _matches(row, each)]
        used.update(rows)
        if not rows:
            yield f"{each.where}: {each.rule}: correct it, or accept it in infra/nag.py with a reason"
    for row in accepted:
        if row not in used:
            yield f"{row.rule} at {row.where} is accepted in infra/nag.py but not found: remove the row"


def _matches(row: Accepted, found: Found) -> bool:
    return bool(re.fullmatch(row.rule, found.rule) and re.fullmatch(row.where, found.where))


def findings(out: Path) -> tuple[Found, ...]:
    """Synthesize to `out` and read the report. A report with findings makes CDK fail, which is no failure here."""
    app = App(outdir=str(out), analytics_reporting=False, tree_metadata=False)
    snapshot = load(ROOT / "config")
    AtmosphereStack(app, NAME, snapshot=snapshot, target=Target.HOST, service_name=DEFAULT)
    for kind, options in (("full", EVERYTHING), ("adopted", ADOPTED)):
        name = f"{NAME}-{kind}"
        AtmosphereStack(app, name, snapshot=snapshot, target=Target.HOST, service_name=DEFAULT, options=options)
    EnvironmentStack(app, f"{NAME}-environment")
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    report = out / "validation-report.json"
    try:
        app.synth()
    except RuntimeError:
        if not report.exists():
            raise
    return tuple(_read(json.loads(report.read_text())))


def _read(report: dict[str, list[dict[str, list[dict[str, object]]]]]) -> Iterator[Found]:
    for plugin in report["pluginReports"]:
        for violation in plugin["violations"]:
            for construct in violation["violatingConstructs"]:  # type: ignore[attr-defined]
                yield Found(str(violation["ruleName"]).removeprefix(_PACK), construct["constructPath"])


def _without_assets(stand_in: Path) -> None:
    """From here on, in this process, every function has the same empty asset: the rules read templates, no code."""
    stand_in.mkdir()
    (stand_in / "empty.py").touch()

    def build(services: Iterable[str], target: Target, *, verifies_tokens: bool = False) -> Asset:
        del services, target, verifies_tokens
        return Asset(stand_in, "0" * 64)

    assets.build = build


def invalid(out: Path) -> str:
    """What cfn-lint says of the templates; empty if nothing."""
    program = Path(sys.executable).with_name("cfn-lint")
    templates = [str(path) for path in sorted(out.glob("*.template.json"))]
    run = subprocess.run(
        [str(program), "--ignore-checks", *_IGNORED, "--non-zero-exit-code", "warning", "-t", *templates],
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout + run.stderr if run.returncode else ""


def main() -> int:
    """The outermost entry point. CDK prints each finding with its text: shown only if something is wrong."""
    with tempfile.TemporaryDirectory() as scratch:
        _without_assets(Path(scratch) / "asset")
        printed = StringIO()
        with contextlib.redirect_stderr(printed), contextlib.redirect_stdout(printed):
            found = findings(Path(scratch) / "out")
            texts = invalid(Path(scratch) / "out")  # meanwhile a thread of CDK's goes on printing what it found
    wrong = [*judge(found), *filter(None, [texts])]
    for line in wrong:
        sys.stderr.write(f"{line}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
