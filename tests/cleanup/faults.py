"""Accounts whose AWS misbehaves: refuses operations, or takes the cleanup down with it after a change."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from atmosphere.cleanup.aws.accounts import Accounts
from atmosphere.cleanup.aws.guard import is_read

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3

    from atmosphere.cleanup.aws.sessions import Session


class Crash(BaseException):
    """The process was killed."""


@dataclass
class Reply:
    """As much of an HTTP reply as botocore looks at."""

    status_code: int = 400
    raw: None = None


class FaultyAccounts(Accounts):
    """`judge` is asked about every call of every session: AWS answers with the code (or `CODE: MESSAGE`) given."""

    def __init__(
        self,
        base: boto3.Session,
        *,
        judge: Callable[[str, dict[str, Any]], str | None] = lambda _operation, _names: None,
        crash_after: int | None = None,
        plan: bool = False,
    ) -> None:
        super().__init__(base, plan=plan)
        self._judge = judge
        self._left = crash_after
        self._lock = Lock()
        self.mutations: list[str] = []

    def session(self, *arguments: Any, **keywords: Any) -> Session:
        session = super().session(*arguments, **keywords)
        self.watch(session)
        return session

    def watch(self, session: Session) -> None:
        session.register("before-parameter-build", self._remember)
        session.register("before-call", self._before)
        session.register("after-call", self._after)

    def _remember(self, **event: Any) -> None:
        event["context"]["asked"] = dict(event["params"])

    def _before(self, **event: Any) -> Any:
        answer = self._judge(event["model"].name, event["context"].get("asked", {}))
        if answer is None:
            return None
        code, _, message = answer.partition(": ")
        told = {"Code": code, "Message": message or "on purpose"}
        return Reply(), {"Error": told, "ResponseMetadata": {"HTTPStatusCode": 400}}

    def _after(self, **event: Any) -> None:
        operation = event["model"].name
        if is_read(operation):
            return
        with self._lock:
            self.mutations.append(operation)
            if self._left is not None:
                self._left -= 1
                if self._left <= 0:
                    raise Crash
