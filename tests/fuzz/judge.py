"""What every reply must be, whatever was asked: the promises that no schema of one operation states."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from tests.fuzz.description import DOCUMENT
from tests.fuzz.wire import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fuzz.wire import Answer, Answered

CODES: Final = frozenset(DOCUMENT["components"]["schemas"]["Code"]["enum"])
KEY: Final = "idempotency-key"
SAME_KEY: Final = 0.1
KEPT: Final = 4
"""Allocations that stay while others are made: with all of them a pool would be full, and nothing granted."""
CREDENTIALS: Final = frozenset({"secretAccessKey", "sessionToken"})
_INSIDES: Final = re.compile(
    r"Traceback|File \\?\"|\.py\b|botocore|boto3|Exception|KeyError|dynamodb|arn:aws:lambda", re.I
)
_HANDS_OUT: Final = re.compile(r"/allocations(/[^/]+/credentials)?")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_ROUTES: Final = [
    (method.upper(), re.compile(re.sub(r"\\?\{[^}]*\\?\}", "[^/]+", path)))
    for path, item in DOCUMENT["paths"].items()
    for method in item
    if method != "parameters"
]


def is_route(asked: Asked) -> bool:
    """Whether the file has this method of this path."""
    return any(method == asked.method and path.fullmatch(asked.path) for method, path in _ROUTES)


class Judge:
    """Stands between the caller and the service; counts what passes and keeps what is wrong with it."""

    def __init__(self, answer: Answer, seed: int) -> None:
        self._answer = answer
        self.calls: Counter[int] = Counter()
        self.wrong: Counter[str] = Counter()
        self.allocations = 0
        self._held: list[tuple[str, str]] = []
        self._secrets: set[str] = set()
        self._keys = Random(seed)

    def __call__(self, asked: Asked) -> Answered:
        answered = self._answer(self._with_another_key(asked))
        self._give_back(KEPT)
        self.calls[answered.status] += 1
        for complaint in self._complaints(asked, answered):
            self.wrong[f"{asked.method} {asked.path[:100]}: {answered.status}: {complaint}"] += 1
        return answered

    def give_back(self) -> None:
        """End every allocation that was made."""
        self._give_back(0)

    def _give_back(self, kept: int) -> None:
        while len(self._held) > kept:
            root, id_ = self._held.pop(0)
            body = json.dumps({"outcome": "fuzzed"}).encode()
            ended = self._answer(Asked("DELETE", f"{root}/allocations/{id_}", "", {}, body))
            if ended.status != 200:
                self.wrong[f"an allocation could not be given back: {ended.status}"] += 1

    def _with_another_key(self, asked: Asked) -> Asked:
        """Most keys are made new: schemathesis repeats a few, and a used one hides what the rest of a request does."""
        if not _UUID.fullmatch(asked.headers.get(KEY, "")) or self._keys.random() < SAME_KEY:
            return asked
        return replace(asked, headers={**asked.headers, KEY: str(UUID(int=self._keys.getrandbits(128), version=4))})

    def without_secrets(self, text: str) -> str:
        """A text that may be shown."""
        for secret in self._secrets:
            text = text.replace(secret, "(secret)")
        return text

    def _complaints(self, asked: Asked, answered: Answered) -> Iterator[str]:
        body = answered.body
        if not isinstance(body, dict):
            yield "the body is no JSON object"
            return
        if answered.headers.get("cache-control") != "no-store":
            yield "it may be stored"
        if answered.status != 200:
            yield from _of_a_refusal(answered.status, body)
        if not is_route(asked) and (answered.status, body.get("code")) != (403, "forbidden"):
            yield "no such route, and yet it is not refused as the file says"
        if answered.status == 200 and _HANDS_OUT.fullmatch(asked.path.removeprefix("/github")):
            self._remember(body)
            self._hold(asked, body)
        elif any(secret in answered.text for secret in self._secrets):
            yield "it shows a credential"
        if any(proof in answered.text for proof in _proofs(asked)):
            yield "it shows what proved who asks"

    def _hold(self, asked: Asked, body: dict[str, Any]) -> None:
        root, _, _ = asked.path.rpartition("/allocations")
        if asked.method == "POST" and "id" in body and (root, body["id"]) not in self._held:
            self._held.append((root, body["id"]))
            self.allocations += 1

    def _remember(self, value: Any) -> None:
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            if name in CREDENTIALS:
                self._secrets.add(part)
            elif isinstance(part, dict | list):
                self._remember(part)


def _of_a_refusal(status: int, body: dict[str, Any]) -> Iterator[str]:
    if body.get("code") not in CODES:
        yield f"the code {body.get('code')!r} is not described"
    message = body.get("message")
    if not isinstance(message, str) or not message:
        yield "there is no message"
    elif _INSIDES.search(message):
        yield f"the message shows the insides: {message[:200]!r}"
    if status >= 500 and (status, body.get("code")) != (503, "unavailable"):
        yield f"the service failed: {body.get('code')!r}"


def _proofs(asked: Asked) -> list[str]:
    """What the request proves itself with, as far as it is long enough to be no accident."""
    values = (asked.headers.get(name, "") for name in ("authorization", "x-amz-security-token", "x-hub-signature-256"))
    return [value for value in values if len(value) > 20]
