"""The template and the parameters of the CDK's toolkit of the baseline: put back when a test changed them.

A test may run `cdk bootstrap` of another version, with a template or with trusted accounts of its own. Whatever it was,
the template and the parameters of the baseline come back; CloudFormation undoes what the change added and restores what
it took away. A step to a later template that the CDK publishes is then taken by the cleanup itself, once all is proven
clean (`baseline.growth`).

Source: CloudFormation API reference, GetTemplate (`Original`), UpdateStack; limits of `TemplateBody` are AWS's.
"""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.base import Scope
from atmosphere.cleanup.contents.base import Captured
from atmosphere.cleanup.contents.toolkit import TOOLKIT
from atmosphere.cleanup.model import STACK

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check
    from atmosphere.cleanup.contents.base import Drift
    from atmosphere.core.model import Json, Region

_POLL: Final = timedelta(seconds=2)
_MOVING: Final = "_IN_PROGRESS"
_HIDDEN: Final = "****"
"""What CloudFormation shows of a parameter whose value it does not tell."""
_NOTHING_TO_DO: Final = "No updates are to be performed"


class ToolkitTemplate(Captured):
    """The template as it was uploaded, and the parameters."""

    name: Final = "template"
    type: str = STACK
    scope: Scope = Scope.REGION
    restorable: bool = True
    restoring: frozenset[str] = frozenset({"cloudformation:UpdateStack"})

    def covers(self, identity: str) -> bool:
        """See `Captured`."""
        return identity == TOOLKIT

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json]:
        """See `Content`."""
        client = account.client("cloudformation", region)
        if (ids is not None and TOOLKIT not in ids) or (stack := _stack(client)) is None:
            return {}
        template = client.get_template(StackName=TOOLKIT, TemplateStage="Original")["TemplateBody"]
        text = template if isinstance(template, str) else json.dumps(template)
        parameters = {each["ParameterKey"]: each.get("ParameterValue", "") for each in stack.get("Parameters", ())}
        digest = "sha256:" + sha256(text.encode()).hexdigest()[:16]
        return {TOOLKIT: {"digest": digest, "parameters": dict(sorted(parameters.items())), "template": text}}

    def restore(self, account: Account, drift: Drift, check: Check) -> None:
        """See `Content`."""
        before: Any = drift.before
        update(account, drift.item.region, before, check)


def update(account: Account, region: Region, content: Mapping[str, Any], check: Check) -> None:
    """Give the toolkit a template and parameters, as `ToolkitTemplate` reads them. Repeatable.

    Waits until CloudFormation is done, so that what it undoes is not taken for something else.
    """
    client = account.client("cloudformation", region)
    wait(account, region, check)
    try:
        client.update_stack(
            StackName=TOOLKIT,
            TemplateBody=content["template"],
            Parameters=[_parameter(name, value) for name, value in content["parameters"].items()],
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
    except ClientError as error:
        if _NOTHING_TO_DO not in error.response["Error"].get("Message", ""):
            raise
    wait(account, region, check)


def wait(account: Account, region: Region, check: Check) -> None:
    """Until CloudFormation is not at work on the toolkit. `check` raises when there is no time for that."""
    client = account.client("cloudformation", region)
    while (stack := _stack(client)) is not None and stack["StackStatus"].endswith(_MOVING):
        check()
        account.guard.budget.clock.sleep(_POLL)


def _stack(client: Any) -> dict[str, Any] | None:
    """The toolkit, None if there is none."""
    try:
        [stack] = client.describe_stacks(StackName=TOOLKIT)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"].get("Message", ""):
            return None
        raise
    return dict(stack)


def _parameter(name: str, value: str) -> dict[str, Any]:
    if value == _HIDDEN:
        return {"ParameterKey": name, "UsePreviousValue": True}
    return {"ParameterKey": name, "ParameterValue": value}
