"""An account with nothing in it that answers every read of every service, and counts them by service and region."""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import TYPE_CHECKING, Any

import boto3

from atmosphere.cleanup.aws.guard import is_read
from tests.cleanup.conftest import ACCOUNT
from tests.cleanup.faults import FaultyAccounts, Reply

if TYPE_CHECKING:
    from botocore.model import Shape


class EmptyAccounts(FaultyAccounts):
    """Accounts of an AWS that has nothing. No call leaves the process."""

    def __init__(self, *, plan: bool = False) -> None:
        base = boto3.Session("key", "secret", region_name="us-east-1")
        base.events.register("before-call", self._answer)
        super().__init__(base, plan=plan)
        self.reads: Counter[str] = Counter()
        self.seen: list[tuple[str, str, str]] = []
        self.refused = ""
        self._counting = Lock()

    def watch(self, session: Any) -> None:
        """Everything is answered here, after the guard has looked at it."""
        session.hooks.register_last("before-call", self._answer)

    def _answer(self, **event: Any) -> Any:
        model = event["model"]
        service = model.service_model.service_name
        with self._counting:
            if is_read(model.name):
                self.reads[event["context"]["client_region"]] += 1
            self.seen.append((service, model.name, event["context"]["client_region"]))
        if model.name == self.refused:
            error = {"Code": "AccessDenied", "Message": "it was told to"}
            return Reply(400), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
        reply = nothing(model.output_shape) or {}
        if (service, model.name) == ("sts", "GetCallerIdentity"):
            reply = {"Account": ACCOUNT}
        if (service, model.name) == ("sts", "AssumeRole"):
            reply = {"Credentials": {"AccessKeyId": "k", "SecretAccessKey": "s", "SessionToken": "t"}}
        if (service, model.name) == ("iam", "GetRole"):
            reply = {"Role": {"RoleId": "AROAEXAMPLE", "Arn": "arn:aws:iam::222222222222:role/x", "Path": "/"}}
        return Reply(200), {**reply, "ResponseMetadata": {"HTTPStatusCode": 200}}


def nothing(shape: Shape | None, depth: int = 3) -> Any:
    """A reply of this shape that says that there is nothing."""
    if shape is None or not depth:
        return None
    kind = shape.type_name
    if kind == "structure":
        inside = {name: nothing(member, depth - 1) for name, member in shape.members.items()}  # type: ignore[attr-defined]
        return {name: value for name, value in inside.items() if value is not None}
    return {"list": [], "map": {}, "boolean": False}.get(kind)
