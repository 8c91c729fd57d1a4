"""The bucket: plain objects, the reports, texts of the cleanups."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.faults import code_of, reaching, unreachable
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from atmosphere.core.model import Json

# A 409 tells that another conditional write is under way: it is there, or will be.
_TAKEN_CODES: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_MISSING_CODES: Final = frozenset({"NoSuchKey", "404"})
_ROUNDS: Final = 10  # an amendment that loses so many races in a row meets something else than a second pass


class S3Objects:
    """Objects of one bucket, by key. Every method raises `Unreachable`."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def get(self, key: str) -> bytes | None:
        """The object, None if there is none. Without s3:ListBucket AWS hides that, and this is `Unreachable`."""
        return self.read(key)[0]

    def read(self, key: str) -> tuple[bytes | None, str | None]:
        """The object and its ETag, both None if there is none."""
        try:
            reply = self._client.get_object(Bucket=self._bucket, Key=key)
            return reply["Body"].read(), reply["ETag"]
        except (ClientError, BotoCoreError) as fault:
            if code_of(fault) in _MISSING_CODES:
                return None, None
            raise unreachable("GetObject", fault) from fault

    def put(self, key: str, body: bytes) -> None:
        """Write, over whatever is there."""
        with reaching("PutObject"):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=_content_type(key))

    def swap(self, key: str, body: bytes, tag: str | None) -> bool:
        """Write only over the object with this ETag, without one only where nothing is; whether it was written."""
        condition: Any = {"IfMatch": tag} if tag else {"IfNoneMatch": "*"}
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentType=_content_type(key), **condition
            )
        except (ClientError, BotoCoreError) as fault:
            if code_of(fault) in _TAKEN_CODES:
                return False
            raise unreachable("PutObject", fault) from fault
        return True


class S3Texts:
    """`cleanup.state.store.TextStore`: texts as objects; an amendment is a conditional write."""

    def __init__(self, objects: S3Objects) -> None:
        self._objects = objects

    def get(self, name: str) -> str | None:
        """See `TextStore`."""
        return _text(self._objects.get(name))

    def put(self, name: str, text: str) -> None:
        """See `TextStore`."""
        self._objects.put(name, text.encode())

    def amend(self, name: str, change: Callable[[str | None], str]) -> str:
        """See `TextStore`."""
        for _ in range(_ROUNDS):
            body, tag = self._objects.read(name)
            before = _text(body)
            after = change(before)
            if after == before or self._objects.swap(name, after.encode(), tag):
                return after
        raise Unreachable(f"{name} changes faster than it can be amended: are several cleanups of it running?")


def _text(body: bytes | None) -> str | None:
    return None if body is None else body.decode()


def _content_type(key: str) -> str:
    return "text/markdown; charset=utf-8" if key.endswith(".md") else "application/json"


class S3Reports:
    """`ports.Reports`: JSON objects of the bucket."""

    def __init__(self, objects: S3Objects) -> None:
        self._objects = objects

    def load(self, key: str) -> Json:
        """See `Reports`."""
        stored = self._objects.get(key)
        try:
            return None if stored is None else cast("Json", json.loads(stored))
        except ValueError as broken:
            raise Unreachable(f"{key} is not JSON: let the environment be cleaned again for a new report") from broken
