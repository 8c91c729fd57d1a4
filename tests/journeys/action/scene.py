"""One scenario: a caller's repository, doors in front of the service and of the token issuer, and what came of it."""

from __future__ import annotations

import uuid
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import yaml

from tests.journeys.action import records as looking
from tests.journeys.action.acting import job, step
from tests.journeys.action.staging import ACTION, stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.journeys.action.acting import Caller, Run
    from tests.journeys.action.forwarder import Forwarder
    from tests.journeys.action.records import Records
    from tests.journeys.api import Api
    from tests.replies import Reply

POOL: Final = "workflows"
NARROW: Final = "release"
"""A pool of the example with a single environment."""
ZONE: Final = "hosted_zone"
HOMES: Final = {f"77777777777{number}": "eu-west-1" if number < 2 else "us-east-1" for number in range(6)}
"""The pool's environments: accounts and their regions. Those in Europe have the capability `hosted_zone`."""


def add_pool(config: Path) -> None:
    """Add the pool to a configuration, open to the example's workflows and to `runner`, without a limit."""
    environments = yaml.safe_load((config / "environments.yaml").read_text())
    environments["environments"] += [
        {
            "account": account,
            "region": region,
            "pool": POOL,
            "admin_role": f"arn:aws:iam::{account}:role/AtmosphereAdmin",
            "external_id": POOL,
            "capabilities": [ZONE] if region == "eu-west-1" else [],
        }
        for account, region in HOMES.items()
    ]
    (config / "environments.yaml").write_text(yaml.safe_dump(environments))
    access = yaml.safe_load((config / "access.yaml").read_text())
    for kind in ("iam", "github"):
        rule = deepcopy(access[kind][0]) | {"name": f"{POOL}-{kind}", "pools": [POOL]}
        del rule["max_active"]
        access[kind].append(rule)
    (config / "access.yaml").write_text(yaml.safe_dump(access))


@dataclass(slots=True)
class Scene:
    """A scenario. Who starts a run says afterwards what came of it: `given_back`, `never_asked` or `looked_after`."""

    caller: Caller
    door: Forwarder
    tokens: Forwarder
    told: Mapping[str, Any] = field(repr=False)
    records: Records
    runner: Api
    requester: str = field(default_factory=lambda: f"journey-{uuid.uuid4()}")
    run_id: str = field(default_factory=lambda: str(uuid.uuid4().int % 10**12 + 10**12))
    run: Run | None = None
    judged: bool = False
    others: set[str] = field(default_factory=set, repr=False)
    """Further secrets that must be nowhere."""

    def lease(self, **inputs: Any) -> dict[str, Any]:
        """The step that allocates; a name with underscores is the input with hyphens, None leaves one out."""
        given: dict[str, Any] = {
            "endpoint": self.door.url,
            "pool": POOL,
            "audience": self.told["github"]["audience"],
            "requester": self.requester,
            **{name.replace("_", "-"): value for name, value in inputs.items()},
        }
        return {"id": "lease", "uses": ACTION, "with": {name: it for name, it in given.items() if it is not None}}

    def identity(self) -> dict[str, str]:
        """What a job with `id-token: write` finds in its environment."""
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.tokens.url}&run_id={self.run_id}",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.told["github"]["tokenRequestToken"],
        }

    def start(self, *steps: Mapping[str, Any], **others: Any) -> Run:
        """Start a workflow of one job with these steps; the others as for `start_jobs`."""
        return self.start_jobs({"one": job(*steps)}, **others)

    def start_jobs(
        self,
        jobs: Mapping[str, Any],
        *,
        environment: Mapping[str, str] | None = None,
        flags: Sequence[str] = (),
    ) -> Run:
        """Start a workflow; without `environment` its jobs may ask for tokens."""
        given = self.identity() if environment is None else environment
        self.run = self.caller.start(jobs, environment=given, flags=flags)
        return self.run

    def does(self, *steps: Mapping[str, Any], **others: Any) -> str:
        """Run a workflow of one job, which succeeds; what it printed."""
        run = self.start(*steps, **others)
        assert run.ended() == 0, run.output
        return run.output

    def fails(self, *steps: Mapping[str, Any], **others: Any) -> str:
        """Run a workflow of one job, which fails; what it printed."""
        run = self.start(*steps, **others)
        assert run.ended() == 1, run.output
        return run.output

    def given_back(self, **how: Any) -> dict[str, Any]:
        """Exactly one allocation was made and given back once; how, as for `all_given_back`. Returns it."""
        (found,) = self.all_given_back(1, **how)
        return found

    def all_given_back(
        self, count: int, *, outcome: str = "success", by: str = "owner", proof: str | None = None, masked: bool = True
    ) -> list[dict[str, Any]]:
        """Exactly so many allocations were made, each was given back once, like this, and nothing issued is left.

        Of what was printed that is only true if it was `masked`.
        """
        self.judged = True
        asked = looking.ids(self.door)
        assert len(asked) == count, asked
        found = [self.records.allocation(id_) for id_ in asked]
        for one in found:
            assert (one["status"], one["outcome"], one["endedBy"]) == ("ended", outcome, by)
            release = looking.releases(self.door, one["id"])
            assert len(release) == 1, [(each.status, looking.proof(each)) for each in self.door.of("DELETE")]
            assert proof in {None, looking.proof(release[0])}
            self.records.check_environments(one)
        on_record = {entry["id"] for one in found for entry in self.records.history(one["requester"])}
        assert on_record == set(asked)
        self.nothing_issued_is_left(but="" if masked else "act.log")
        return found

    def never_asked(self) -> None:
        """Nothing was allocated, and nothing was given back."""
        self.judged = True
        assert not [id_ for id_ in looking.ids(self.door) if self.records.exists(id_)]
        assert not self.records.history(self.requester)
        self.nothing_issued_is_left()

    def taken(self) -> str:
        """The id of the only allocation, which is active."""
        (id_,) = looking.ids(self.door)
        assert self.records.allocation(id_)["status"] == "active"
        return id_

    def looked_after(self, id_: str) -> None:
        """An operator ends what the run could not give back, and nothing issued was printed."""
        self.judged = True
        answer = self.records.operator.ask("DELETE", f"/allocations/{id_}", {"outcome": "looked after"})
        assert answer.status == 200, answer.text
        self.nothing_issued_is_left(only="act.log")

    def close(self) -> None:
        """Whatever the scenario came to, nothing of it goes on, and it holds nothing of the pool any more."""
        if self.run is not None:
            self.run.go()
            if self.run.process.poll() is None:
                self.run.process.kill()
        for id_ in looking.ids(self.door):
            if self.records.active(id_):
                self.records.operator.ask("DELETE", f"/allocations/{id_}", {"outcome": "left over"})

    @property
    def output(self) -> str:
        """What the run printed."""
        assert self.run is not None
        return self.run.output

    def nothing_issued_is_left(self, *, only: str = "", but: str = "") -> None:
        """No key, token or release secret is in the output, in a summary or in a file that is left behind."""
        files = self.caller.left_behind()
        places = {name: content for name, content in files.items() if name.endswith(only) and name != but}
        secrets = {*looking.issued(self.door), *self.others, self.told["github"]["tokenRequestToken"]}
        assert looking.leaks(places, secrets, looking.hashes(self.door)) == set()

    def ask(self, method: str, path: str, body: object = None) -> Reply:
        """A request of the example's AWS caller, past the door."""
        return self.runner.ask(method, path, body)


def broken(scene: Scene, program: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Steps after which the action has another program instead of its Python when the job comes to its end."""
    scene.caller = replace(scene.caller, stage=stage(scene.caller.directory))
    places = 'find "$STAGE" "$RUNNER_TEMP/.." -name __main__.py'  # act has copied it
    return scene.lease(), step(f"for place in $({places}); do echo '{program}' > $place; done")
