"""What every reply must be, whatever was asked: the promises that no schema of one operation states."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from atmosphere.contract import GITHUB_ROOT
from tests.docs.json_schema import Validator
from tests.fuzz.description import DOCUMENT
from tests.fuzz.wire import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fuzz.wire import Answer, Answered

VALIDATOR: Final = Validator(DOCUMENT)
CODES: Final = frozenset(DOCUMENT["components"]["schemas"]["Code"]["enum"])
KEY: Final = "idempotency-key"
SAME_KEY: Final = 0.1
KEPT: Final = 1
"""Allocations that stay while others are made: with all of them a pool would be full, and nothing granted."""
CREDENTIALS: Final = frozenset({"secretAccessKey", "sessionToken"})
_INSIDES: Final = re.compile(
    r"Traceback|File \\?\"|\.py\b|botocore|boto3|Exception|KeyError|dynamodb|arn:aws:lambda", re.IGNORECASE
)
_HANDS_OUT: Final = re.compile(r"POST (/github)?/allocations(/[^/]+/credentials)?")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ROUTES: Final = [
    (f"{method.upper()} {path}", method.upper(), re.compile(re.sub(r"{[^}]*}", "[^/]+", path)))
    for path, item in DOCUMENT["paths"].items()
    for method in item
    if method != "parameters"
]


def route_of(asked: Asked) -> str | None:
    """The method and the path that the file has for a request, or None."""
    return next((line for line, method, path in _ROUTES if method == asked.method and path.fullmatch(asked.path)), None)


def _links() -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """By the root of each tree, the operations that the links of its allocate lead to, in the order of the file."""
    by_id = {
        operation["operationId"]: (f"{method.upper()} {path}", operation)
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }
    return {
        root: [
            by_id[link["operationId"]]
            for link in DOCUMENT["paths"][f"{root}/allocations"]["post"]["responses"]["200"]["links"].values()
        ]
        for root in ("", GITHUB_ROOT)
    }


LINKS: Final = _links()


def conformance(answered: Answered, operation: dict[str, Any]) -> Iterator[str]:
    """What the file does not say of a reply to an operation."""
    described = operation["responses"].get(str(answered.status))
    if described is None:
        yield "the file does not have this status"
        return
    response = VALIDATOR.look_up(described["$ref"]) if "$ref" in described else described
    yield from VALIDATOR.complaints(answered.body, response["content"]["application/json"]["schema"])


class Judge:
    """Stands between the caller and the service; counts what passes and keeps what is wrong with it."""

    def __init__(self, answer: Answer, seed: int) -> None:
        self._answer = answer
        self.calls: Counter[int] = Counter()
        self.done: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.allocations = 0
        self._held: list[tuple[str, str]] = []
        self._secrets: set[str] = set()
        self._keys = Random(seed)  # noqa: S311 keys that repeat with the seed are the point

    def __call__(self, asked: Asked) -> Answered:
        answered = self._pass(asked, self._answer(self._with_another_key(asked)))
        self._give_back(KEPT)
        return answered

    def give_back(self) -> None:
        """Follow the links of every allocation that was made, to its end."""
        self._give_back(0)

    def _give_back(self, kept: int) -> None:
        while len(self._held) > kept:
            root, id_ = self._held.pop(0)
            for line, operation in LINKS[root]:
                method, _, path = line.partition(" ")
                body = {"outcome": "fuzzed"} if method == "DELETE" else {}
                sent = b"" if method == "GET" else json.dumps(body).encode()
                asked = Asked(method, path.replace("{id}", id_), "", {}, sent)
                answered = self._pass(asked, self._answer(asked))
                for complaint in conformance(answered, operation):
                    self._note(asked, answered, complaint)

    def _pass(self, asked: Asked, answered: Answered) -> Answered:
        self.calls[answered.status] += 1
        if answered.status == 200:
            self.done[route_of(asked) or ""] += 1
        for complaint in self._complaints(asked, answered):
            self._note(asked, answered, complaint)
        return answered

    def _note(self, asked: Asked, answered: Answered, complaint: str) -> None:
        self.wrong[f"{asked.method} {asked.path[:100]}: {answered.status}: {complaint}"] += 1

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
        if route_of(asked) is None and (answered.status, body.get("code")) != (403, "forbidden"):
            yield "no such route, and yet it is not refused as the file says"
        if answered.status == 200 and _HANDS_OUT.fullmatch(f"{asked.method} {asked.path}"):
            self._remember(body)
            self._hold(asked, body)
        elif any(secret in answered.text for secret in self._secrets):
            yield "it shows a credential"
        if any(proof in answered.text for proof in _proofs(asked)):
            yield "it shows what proved who asks"

    def _hold(self, asked: Asked, body: dict[str, Any]) -> None:
        root, _, _ = asked.path.rpartition("/allocations")
        if asked.path.endswith("/allocations") and "id" in body and (root, body["id"]) not in self._held:
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
