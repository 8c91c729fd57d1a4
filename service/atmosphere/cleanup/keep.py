"""Where a cleanup keeps what must outlive a pass: baselines, ledgers, journals and reports, as text under names.

`records` says what the texts hold. Everything is written so that two passes at the same time do no harm.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

_ROUNDS: Final = 10  # an amendment that loses so many races in a row meets something else than a second pass
_LOST: Final = ("PreconditionFailed", "ConditionalRequestConflict")
_ABSENT: Final = ("NoSuchKey", "404")


class Keep(Protocol):
    """Texts under names. Every method raises `Unreachable` when it could not look or write."""

    def get(self, name: str) -> str | None:
        """The text as it is now, None if there is none."""

    def put(self, name: str, text: str) -> None:
        """Write a text, over whatever is there."""

    def amend(self, name: str, change: Callable[[str | None], str]) -> str:
        """Replace a text by what `change` makes of it, and return that; nothing written in between is lost.

        `change` may be called several times, and nothing is written when it returns the text as it was.
        """


class MemoryKeep:
    """Texts in memory: for tests and for commands that look without leaving a trace."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self._lock = Lock()

    def get(self, name: str) -> str | None:
        """See `Keep`."""
        return self.texts.get(name)

    def put(self, name: str, text: str) -> None:
        """See `Keep`."""
        with self._lock:
            self.texts[name] = text

    def amend(self, name: str, change: Callable[[str | None], str]) -> str:
        """See `Keep`."""
        with self._lock:
            self.texts[name] = change(self.texts.get(name))
            return self.texts[name]


class S3Keep:
    """Texts as objects of one bucket; an amendment is a conditional write (S3 `If-Match`, `If-None-Match`)."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def get(self, name: str) -> str | None:
        """See `Keep`."""
        return self._read(name)[0]

    def put(self, name: str, text: str) -> None:
        """See `Keep`."""
        try:
            self._client.put_object(Bucket=self._bucket, Key=name, Body=text.encode())
        except (ClientError, BotoCoreError) as error:
            raise _unreachable("written", name, error) from error

    def amend(self, name: str, change: Callable[[str | None], str]) -> str:
        """See `Keep`."""
        for _ in range(_ROUNDS):
            before, tag = self._read(name)
            after = change(before)
            if after == before or self._swap(name, after, tag):
                return after
        raise Unreachable(f"{name} changes faster than it can be amended: are several cleanups of it running?")

    def _read(self, name: str) -> tuple[str | None, str | None]:
        try:
            reply = self._client.get_object(Bucket=self._bucket, Key=name)
            return reply["Body"].read().decode(), reply["ETag"]
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                return None, None
            raise _unreachable("read", name, error) from error
        except BotoCoreError as error:
            raise _unreachable("read", name, error) from error

    def _swap(self, name: str, text: str, tag: str | None) -> bool:
        condition = {"IfMatch": tag} if tag else {"IfNoneMatch": "*"}
        try:
            self._client.put_object(Bucket=self._bucket, Key=name, Body=text.encode(), **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] in _LOST:
                return False
            raise _unreachable("written", name, error) from error
        except BotoCoreError as error:
            raise _unreachable("written", name, error) from error
        return True


def _unreachable(what: str, name: str, error: ClientError | BotoCoreError) -> Unreachable:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    return Unreachable(f"{name} could not be {what} ({code}): look at the bucket and at the function's role")
