"""The handlers behind a gateway of a few lines: routes and proofs as the real one, without network and AWS."""

from __future__ import annotations

import base64
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote

from atmosphere.contract import GITHUB_ROOT, Tree
from atmosphere.operations.clean import Superseded
from infra.replies import REPLIES
from tests.builders import POOL, an_iam_rule
from tests.fuzz.description import Names
from tests.fuzz.wire import Answered
from tests.handlers.door import a_door, an_event, find

if TYPE_CHECKING:
    from typing import Any

    from tests.fuzz.wire import Asked
    from tests.handlers.door import Door, Who

ENVIRONMENTS: Final = 12
DIRTY: Final = 3
OPERATOR: Final = "operator"
_OWN_STATUS: Final = {"MISSING_AUTHENTICATION_TOKEN": 403, "UNAUTHORIZED": 401}


def refused(kind: str) -> Answered:
    """What the gateway replies by itself."""
    reply = REPLIES[kind]
    headers = {name.lower(): value.strip("'") for name, value in reply.headers.items()}
    about = {"content-type": "application/json", "x-request-id": "request-1"}
    return Answered(reply.status or _OWN_STATUS[kind], {**about, **headers}, reply.body)


class InProcess:
    """A service in memory, as one caller reaches it; `who` None has no proof."""

    def __init__(self, who: Who | None) -> None:
        self.door = _door()
        self._who = who
        self._environments = [(row.key.account, row.key.region) for row in self.door.world.rows.environments()]

    @property
    def names(self) -> Names:
        """What there is."""
        return Names([POOL], self._environments)

    def __call__(self, asked: Asked) -> Answered:
        tree, path = _tree(asked.path)
        try:
            function, _, values = find(asked.method, path, tree)
        except LookupError:
            return refused("MISSING_AUTHENTICATION_TOKEN")
        if self._who is None:
            return refused("UNAUTHORIZED" if tree is Tree.GITHUB else "MISSING_AUTHENTICATION_TOKEN")
        reply = self.door.send(_event(replace(self._who, tree=tree), asked, path, values), function)
        self._clean()
        return Answered(reply.status, {name.lower(): value for name, value in reply.headers.items()}, reply.text)

    def _clean(self) -> None:
        """Every cleanup that was started is over at once, and found nothing."""
        orders, self.door.world.cleanups.started = self.door.world.cleanups.started, []
        for order in orders:
            with suppress(Superseded):
                self.door.world.cleaning(order).free(report=None)


def _door() -> Door:
    """A service whose operator may also allocate, so that one caller reaches everything of a tree."""
    door = a_door(ENVIRONMENTS, taken=DIRTY)
    rule = an_iam_rule(roles=("runner", OPERATOR))
    snapshot = door.world.snapshot
    door.world.snapshot = replace(snapshot, access=replace(snapshot.access, iam=(rule,)))
    return door


def _tree(path: str) -> tuple[Tree, str]:
    if not path.startswith(f"{GITHUB_ROOT}/"):
        return Tree.IAM, path
    rest = path.removeprefix(GITHUB_ROOT)
    return (Tree.WEBHOOK if rest == "/webhook" else Tree.GITHUB), rest


def _event(who: Who, asked: Asked, path: str, values: dict[str, str]) -> dict[str, Any]:
    several: dict[str, list[str]] = {}
    for name, value in parse_qsl(asked.query, keep_blank_values=True):
        several.setdefault(name, []).append(value)
    return an_event(
        who,
        asked.method,
        path,
        headers=asked.headers,
        pathParameters={name: unquote(value) for name, value in values.items()} or None,
        queryStringParameters={name: last for name, (*_, last) in several.items()} or None,
        multiValueQueryStringParameters=several or None,
        body=base64.b64encode(asked.body).decode(),
        isBase64Encoded=True,
    )
