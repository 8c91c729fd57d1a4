"""What `atmosphere local` adds around the service: the environments' accounts with their roles, and example callers.

On the embedded AWS any 12 digits are an account. The roles come from the template that an operator would deploy.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from atmosphere.local.deployment import deploy
from atmosphere.local.root import Account

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from atmosphere.core.model import AccountId
    from atmosphere.core.snapshot import Snapshot

ENVIRONMENT_STACK: Final = "atmosphere-environment"
OPERATOR: Final = "operator"
CALLERS: Final = ("runner", OPERATOR, "stranger")  # the first two are named in the example access.yaml
_SESSION: Final = 12 * 3600  # seconds; the longest that STS grants
_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerKeys:
    """A session of an example caller."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)

    def described(self) -> dict[str, str]:
        """As the ready file shows it."""
        return {
            "accessKeyId": self.access_key_id,
            "secretAccessKey": self.secret_access_key,
            "sessionToken": self.session_token,
        }


def make_environments(hub: Account, snapshot: Snapshot, assembly: Path) -> None:
    """Deploy every role of every environment, each in its account; those that are there already are left alone."""
    roles = {
        (entry.key.account, arn.rpartition("/")[2]): (entry.key.region, entry.external_id)
        for entry in reversed(snapshot.environments)
        for arn in entry.roles.values()
    }

    def make(place: tuple[AccountId, str]) -> None:
        account, role = place
        region, external_id = roles[place]
        deploy(
            Account(hub.endpoint, account, region),
            assembly=assembly,
            stack=ENVIRONMENT_STACK,
            name=f"{ENVIRONMENT_STACK}-{role}",
            parameters={
                "ServiceAccount": hub.account,
                "ExternalId": external_id,
                "RoleName": role,
                "OperatorRole": f"arn:aws:iam::{hub.account}:role/{OPERATOR}",
            },
        )

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        for _ in threads.map(make, roles):
            pass


def make_callers(hub: Account) -> Mapping[str, CallerKeys]:
    """A role in the hub account for each example caller, allowed to invoke APIs, and a session of it.

    The operator may also assume roles, for commands that check the environments from an operator's machine.

    Sessions are minted anew each time: the embedded AWS forgets them when it stops.
    """
    return {name: _caller(hub, name) for name in CALLERS}


def _caller(hub: Account, name: str) -> CallerKeys:
    roles = hub.client("iam")
    try:
        roles.create_role(
            RoleName=name,
            Path="/",
            MaxSessionDuration=_SESSION,
            AssumeRolePolicyDocument=_policy("sts:AssumeRole", Principal={"AWS": f"arn:aws:iam::{hub.account}:root"}),
        )
    except ClientError as there:
        if there.response["Error"]["Code"] != "EntityAlreadyExists":
            raise
    apis = f"arn:aws:execute-api:{hub.region}:{hub.account}:*"
    roles.put_role_policy(
        RoleName=name, PolicyName="invoke", PolicyDocument=_policy("execute-api:Invoke", Resource=apis)
    )
    if name == OPERATOR:
        roles.put_role_policy(
            RoleName=name, PolicyName="environments", PolicyDocument=_policy("sts:AssumeRole", Resource="*")
        )
    session = hub.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{hub.account}:role/{name}", RoleSessionName="local", DurationSeconds=_SESSION
    )["Credentials"]
    return CallerKeys(
        access_key_id=session["AccessKeyId"],
        secret_access_key=session["SecretAccessKey"],
        session_token=session["SessionToken"],
    )


def _policy(action: str, **others: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, **others}]})
