"""The load of a race: threads that ask for whatever their dice say, on what they all know, until so many have asked."""

from __future__ import annotations

import itertools
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from bench.race.board import Asked, Board, Held
from bench.race.door import Door, bearing, signing
from bench.race.seen import ACTS, ALLOCATES, OK, Answered, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from atmosphere.local.service import LocalService
    from bench.race.door import Reply
    from bench.race.scene import Scene

RUNNER: Final = "runner"
WORKFLOW: Final = "workflow"
OPERATOR: Final = "operator"
_ROOTS: Final = {RUNNER: "", WORKFLOW: "/github", OPERATOR: ""}
_LINE: Final = 16  # keys that wait; with more, those ask again before others come
WEIGHTS: Final[Mapping[Kind, int]] = {
    Kind.ALLOCATE: 30,
    Kind.AGAIN: 14,
    Kind.RELEASE: 18,
    Kind.RELEASE_AGAIN: 6,
    Kind.EARLY: 1,
    Kind.REFRESH: 8,
    Kind.HEARTBEAT: 10,
    Kind.LOOK: 5,
    Kind.HOLD: 1,
    Kind.RESUME: 3,
    Kind.CLEAN: 4,
    Kind.REINSTATE: 2,
    Kind.EVICT: 1,
}


@dataclass(kw_only=True)
class Load:
    """`requests` of `threads`, drawn by `seed`; `answered` grows while it runs, and `progress` is told."""

    service: LocalService
    scene: Scene
    requests: int
    threads: int
    seed: int
    progress: Callable[[int], None] = lambda _: None
    board: Board = field(default_factory=Board)
    answered: list[Answered] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = itertools.count()
        self._environments = sorted(
            row.key.path for row in self.service.store().environments() if row.pool in self.scene.pools
        )

    def run(self) -> None:
        """Ask until so many requests were sent; raises what a thread raises."""
        with ThreadPoolExecutor(self.threads, thread_name_prefix="race") as pool:
            for _ in pool.map(self._thread, range(self.threads)):
                continue

    def _thread(self, number: int) -> None:
        with closing(Caller(self, random.Random(f"{self.seed}-{number}"))) as caller:  # noqa: S311 -- dice
            while next(self._numbers) < self.requests:
                caller.ask()
                self.progress(len(self.answered))

    def give_back(self) -> None:
        """What is still held ends, and what operators hold comes back; as a race's end, all in one thread."""
        with closing(Caller(self, random.Random(self.seed))) as caller:  # noqa: S311 -- dice
            for held in self.board.all_held():
                caller.release(held)
            for environment in self._environments:
                caller.act(Kind.RESUME, environment)

    @property
    def environments(self) -> list[str]:
        """The paths of those that are raced for."""
        return self._environments


class Caller:
    """One thread with its connections and its dice."""

    def __init__(self, load: Load, dice: random.Random) -> None:
        self._load, self._dice, self._board = load, dice, load.board
        description = load.service.description
        issuer = load.service.issuer
        proofs = {
            RUNNER: signing(description["callers"][RUNNER]),
            WORKFLOW: bearing(lambda: issuer.token({})),
            OPERATOR: signing(description["callers"][OPERATOR]),
        }
        self._doors = {by: Door(load.service.endpoint + _ROOTS[by], proof) for by, proof in proofs.items()}
        self._asks: Mapping[Kind, Callable[[], None]] = {
            Kind.ALLOCATE: self._allocate,
            Kind.AGAIN: self._again,
            Kind.RELEASE: self._release,
            Kind.RELEASE_AGAIN: self._release_again,
            Kind.EARLY: self._early,
            Kind.REFRESH: lambda: self._keep(Kind.REFRESH),
            Kind.HEARTBEAT: lambda: self._keep(Kind.HEARTBEAT),
            Kind.LOOK: self._look,
            Kind.RESUME: self._resume,
        }

    def close(self) -> None:
        """Close its connections."""
        for door in self._doors.values():
            door.close()

    def ask(self) -> None:
        """One request."""
        (kind,) = self._dice.choices([*WEIGHTS], [*WEIGHTS.values()])
        if kind in self._asks:
            self._asks[kind]()
        else:
            self.act(kind, self._dice.choice(self._load.environments))

    def rolls(self, share: float) -> bool:
        """Whether the dice say yes, in this share of all rolls."""
        return self._dice.random() < share

    def _id(self) -> str:
        """Never drawn by the dice: with the same seed, a later course on the same service would meet its ids."""
        return str(uuid4())

    def _allocate(self) -> None:
        waiting = self._board.next_waiting() if self._dice.random() * _LINE < self._board.waiting else None
        if waiting is not None:
            self.allocate(waiting, Kind.AGAIN)
        else:
            self.allocate(self.draw(keyless=self._load.scene.keyless), Kind.ALLOCATE)

    def draw(self, *, keyless: float) -> Asked:
        """A request that nobody has made before."""
        scene, dice = self._load.scene, self._dice
        tree = WORKFLOW if dice.random() < 0.25 else RUNNER  # noqa: PLR2004 -- a quarter of them
        body: dict[str, Any] = {
            "pool": dice.choice(scene.both if tree == WORKFLOW else scene.pools),
            "requester": f"race {self._id()}",
        }
        if dice.random() < scene.group:
            body |= {"accounts": "any", "environments": [{"name": "one"}, {"name": "other"}]}
        if dice.random() < 0.5:  # noqa: PLR2004 -- half of them
            body["heartbeatSeconds"] = scene.heartbeat
        return Asked(key="" if dice.random() < keyless else self._id(), tree=tree, body=body)

    def allocate(self, asked: Asked, kind: Kind, *, waits: bool = True) -> Answered:
        """Ask, and note what came of it; with `waits`, a "try again" is for whoever draws it."""
        reply = self._doors[asked.tree].ask("POST", "/allocations", asked.body, key=asked.key)
        answer = self._note(
            kind,
            asked.tree,
            reply,
            allocation=asked.key,
            requester=asked.body["requester"],
            heartbeat=asked.body.get("heartbeatSeconds"),
        )
        if answer.status == OK:
            self._board.grant(asked, answer.allocation)
        elif waits and asked.key and (answer.status in (0, 423, 429) or answer.status >= 500):  # noqa: PLR2004
            self._board.wait(asked)
        if asked.key and (answer.status == 0 or answer.status >= 500):  # noqa: PLR2004 -- what 5xx are
            self._board.doubt(asked)
        return answer

    def _again(self) -> None:
        used = self._board.used(self._dice)
        if used is None:
            self._allocate()
        else:
            self.allocate(used, Kind.AGAIN)

    def _release(self) -> None:
        held = self._board.held(self._dice)
        if held is None:
            self._allocate()
        elif self._dice.random() < self._load.scene.abandoned:
            self._board.end(held)
        else:
            self.release(held)

    def release(self, held: Held, kind: Kind = Kind.RELEASE) -> Answered:
        """Give it back."""
        reply = self._doors[held.tree].ask("DELETE", f"/allocations/{held.id}", {"outcome": "raced"})
        answer = self._note(kind, held.tree, reply, allocation=held.id)
        if answer.status in (OK, 404):
            self._board.end(held)
        return answer

    def _release_again(self) -> None:
        ended = self._board.ended(self._dice)
        if ended is not None:
            self.release(ended, Kind.RELEASE_AGAIN)
        else:
            self._early()

    def _early(self) -> None:
        self.release(Held(self._id(), RUNNER), Kind.EARLY)

    def _keep(self, kind: Kind) -> None:
        held = self._board.held(self._dice) or self._board.ended(self._dice)
        if held is None:
            self._allocate()
            return
        self.keep(held, kind)

    def keep(self, held: Held, kind: Kind) -> Answered:
        """A heartbeat, or fresh credentials."""
        what = "credentials" if kind is Kind.REFRESH else "heartbeat"
        reply = self._doors[held.tree].ask("POST", f"/allocations/{held.id}/{what}")
        answer = self._note(kind, held.tree, reply, allocation=held.id)
        if answer.status == 409:  # noqa: PLR2004 -- it has ended by itself
            self._board.end(held)
        return answer

    def _look(self) -> None:
        held = self._board.held(self._dice)
        by = held.tree if held else RUNNER
        path = f"/allocations/{held.id}" if held else f"/pools/{self._load.scene.pools[0]}"
        self._note(Kind.LOOK, by, self._doors[by].ask("GET", path), allocation=held.id if held else "")

    def _resume(self) -> None:
        self.act(Kind.RESUME, self._board.bring_back(self._dice) or self._dice.choice(self._load.environments))

    def act(self, kind: Kind, environment: str) -> Answered:
        """What an operator does."""
        reason = f"race {self._id()}"
        path = f"/environments/{environment}/{ACTS[kind]}"
        reply = self._doors[OPERATOR].ask("POST", path, {"reason": reason})
        answer = self._note(kind, OPERATOR, reply, environments=(environment,), reason=reason)
        if kind is Kind.HOLD and answer.status == OK:
            self._board.take_out(environment)
        return answer

    def _note(self, kind: Kind, by: str, reply: Reply, **asked: Any) -> Answered:
        body, granted = reply.body, {}
        if kind in ALLOCATES and reply.status == OK:
            granted = {
                "allocation": body["id"],
                "environments": tuple(map(_path, body["environments"])),
                "deadline": datetime.fromisoformat(body["expiresAt"]),
            }
        answer = Answered(
            kind=kind,
            by=by,
            sent=reply.sent,
            got=reply.got,
            status=reply.status,
            code=str(body.get("code", "")),
            message=str(body.get("message", "")) if reply.status != OK else "",
            changed=body.get("changed") is True,
            **(asked | granted),
        )
        self._load.answered.append(answer)
        return answer


def _path(granted: Mapping[str, Any]) -> str:
    return f"{granted['environment']['account']}/{granted['environment']['region']}"
