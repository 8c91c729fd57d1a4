"""One leftover of every type, all at once: each is gone, or named in the report, and what is kept is untouched."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from moto import mock_aws

from atmosphere.cleanup.aws.accounts import Account, Accounts
from atmosphere.cleanup.catalogue.apart import complete
from atmosphere.cleanup.model import Resource, Verdict
from atmosphere.local.lacking import LACKING
from tests.cleanup.catalogue import demands
from tests.cleanup.catalogue.frame import TYPES, Backend, Plot, Seed
from tests.cleanup.catalogue.seeds import SEEDS
from tests.cleanup.conftest import ROLE, role_arn
from tests.cleanup.land import TRUST, Land, LandAccount, LandAccounts, root

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from atmosphere.cleanup.aws.sessions import Clients, Session
    from atmosphere.cleanup.engine import PassResult
    from atmosphere.core.model import Region
    from tests.cleanup.conftest import Ground

APART: Final = {"AWS::EC2::TransitGatewayRouteTable": ("ec2",)}
"""Moto breaks when the attachment that a table is associated with went first."""
STACKS: Final = "cloudformation"
"""In process there is a fake of it, which knows stacks only: its own types are sown where there is none."""
IN_PROCESS: Final[Any] = {"lambda": {"use_docker": False}, "batch": {"use_docker": False}}


def _first(backend: Backend, *, of_stacks: bool = False) -> list[Seed]:
    """The first seed of each type; those of CloudFormation's own are apart."""
    fitting = (seed for seed in reversed(SEEDS) if seed.on is backend and (seed.entry.service == STACKS) is of_stacks)
    return [*{seed.type: seed for seed in fitting}.values()]


def _fields(sown: Sequence[Seed]) -> list[list[Seed]]:
    """The seeds in as few fields as can be: who answers for a service answers for all of it."""
    fields: list[tuple[dict[str, object], list[Seed]]] = [({}, [])]
    for seed in sown:
        services = {each.service: each.make for each in seed.stand_ins} | dict.fromkeys(APART.get(seed.type, ()), seed)
        free = [field for field in fields[1:] if all(field[0].get(name, who) == who for name, who in services.items())]
        free = free if services else fields[:1]
        taken, seeds = free[0] if free else (dict[str, object](), list[Seed]())
        if not free:
            fields.append((taken, seeds))
        taken |= services
        seeds.append(seed)
    return [seeds for _, seeds in fields if seeds]


def _listed(plot: Plot, seeds: Sequence[Seed]) -> dict[Resource, str | None]:
    """Everything that the types of these seeds list."""
    places = {seed.type: seed for seed in seeds}.values()
    return {
        Resource(seed.type, each.id, seed.region): each.fingerprint
        for seed in places
        for each in complete(seed.entry.list(plot.account, seed.region), seed.type)
    }


class Sown(LandAccounts):
    """Moto's account, where the rules of what is sown hold."""

    plot: Plot

    def session(self, clients: Clients, keys: Mapping[str, str]) -> Any:
        """As those of the land, governed by the plot."""
        session = super().session(clients, keys)
        self.plot.govern(session)
        return session


class StacksAndMore:
    """CloudFormation with the stacks of the fake, and all else that is sown."""

    def __init__(self, stacks: Any, own: Any) -> None:
        self._stacks, self._own = stacks, own

    def __getattr__(self, name: str) -> Any:
        """The fake's as far as it goes."""
        return getattr(self._of(name), name)

    def can_paginate(self, operation: str) -> bool:
        """See boto3."""
        return bool(self._of(operation).can_paginate(operation))

    def get_paginator(self, operation: str) -> Any:
        """See boto3."""
        return self._of(operation).get_paginator(operation)

    def _of(self, name: str) -> Any:
        return self._stacks if hasattr(self._stacks, name) else self._own


class WithMore(LandAccount):
    """Where CloudFormation has more than stacks."""

    def client(self, service: str, region: Region) -> Any:
        """See `Account`."""
        client = super().client(service, region)
        return client if service != STACKS else StacksAndMore(client, Account.client(self, service, region))


class Field(Land):
    """A land where these seeds are about to be sown."""

    def __init__(self, seeds: Sequence[Seed]) -> None:
        keys: Any = boto3.client("sts").assume_role(RoleArn=role_arn(), RoleSessionName="the-test-itself")
        self.plot = Plot(keys["Credentials"])
        self.plot.begin(*seeds)
        self.seeds = seeds
        super().__init__(*{seed.type for seed in seeds})
        accounts = self.faulty(Sown)
        accounts.plot = self.plot
        accounts.kind = WithMore if any(seed.entry.service == STACKS for seed in seeds) else LandAccount

    def there(self) -> dict[Resource, str | None]:
        """What exists."""
        return _listed(self.plot, self.seeds)


MANY: Final = 100
"""More than so many at once take half a minute, and each of their types is deleted by a test of its own, too."""
IN_PROCESS_FIELDS: Final = [
    *_fields(_first(Backend.MOTO)),
    *_fields(_first(Backend.MOTO, of_stacks=True)),
]
ON_THE_EMBEDDED_AWS: Final = _fields(_first(Backend.EMULATOR))


def test_every_type_is_sown() -> None:
    sown = {seed.type for seeds in (*IN_PROCESS_FIELDS, *ON_THE_EMBEDDED_AWS) for seed in seeds}
    assert sown == TYPES.keys()


@pytest.fixture
def _in_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with ExitStack() as world:
        world.enter_context(mock_aws(config=IN_PROCESS))
        root("iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument=TRUST)
        yield


@pytest.mark.usefixtures("_in_process")
@pytest.mark.parametrize(
    "seeds",
    [pytest.param(seeds, marks=[pytest.mark.slow] if len(seeds) > MANY else []) for seeds in IN_PROCESS_FIELDS],
    ids=lambda seeds: f"{len(seeds)}-from-{seeds[0].type}",
)
def test_in_process_every_leftover_is_gone_or_named(seeds: Sequence[Seed]) -> None:
    field = Field(seeds)
    kept = set(field.there())
    for seed in seeds:
        seed.make(field.plot.client)
    sown = field.left()
    assert {seed.type for seed in seeds} <= {item.type for item in sown}
    result = field.clean()
    _judge(result, field.report(result), sown=sown, left=field.left())
    assert kept <= set(field.there())


REFUSED: Final = [seed for seed in demands.SEEDS if seed.type != "AWS::IAM::Role"]
"""Not roles: a field has no baseline, so the role that cleans would be one to delete."""


@pytest.mark.usefixtures("_in_process")
@pytest.mark.parametrize("seeds", _fields(REFUSED), ids=lambda seeds: f"{len(seeds)}-{seeds[0].type}-{seeds[0].what}")
def test_what_aws_refuses_until_something_else_is_done_goes_without_a_person(seeds: Sequence[Seed]) -> None:
    field = Field(seeds)
    for seed in seeds:
        seed.make(field.plot.client)
    assert {seed.type for seed in seeds} <= {item.type for item in field.left()}
    result = field.clean()
    assert result.verdict is Verdict.CLEAN, field.report(result)["blockers"]
    assert field.left() == set()


class Governed(Accounts):
    """The embedded AWS, where the rules of what is sown hold."""

    plot: Plot

    def session(self, clients: Clients, keys: Mapping[str, str]) -> Session:
        """As any, governed by the plot."""
        session = super().session(clients, keys)
        self.plot.govern(session)
        return session


@pytest.mark.emulator
@pytest.mark.parametrize("seeds", ON_THE_EMBEDDED_AWS, ids=lambda seeds: f"{len(seeds)}-types")
def test_on_the_embedded_aws_every_leftover_is_gone_or_named(seeds: Sequence[Seed], ground: Ground) -> None:
    plot = Plot()
    plot.begin(*seeds)
    ground.skipped = LACKING
    ground.root("sqs").create_queue(QueueName="needed")
    assert ground.capture(sweep_globals=True).verdict is Verdict.CLEAN
    before = _listed(plot, seeds)
    for seed in seeds:
        seed.make(plot.client)
    sown = set(_listed(plot, seeds)) - set(before)
    assert {seed.type for seed in seeds} <= {item.type for item in sown}
    ground.accounts = Governed(ground.base)
    ground.accounts.plot = plot
    result = ground.clean(sweep_globals=True)
    _judge(result, ground.report(result), sown=sown, left=set(_listed(plot, seeds)) - set(before))
    assert "needed" in ground.root("sqs").get_queue_url(QueueName="needed")["QueueUrl"]


def _judge(result: PassResult, report: dict[str, Any], *, sown: set[Resource], left: set[Resource]) -> None:
    named = {(entry["type"], entry["id"]) for entry in report["blockers"]}
    unnamed = sorted(str(item) for item in left if (item.type, item.id) not in named)
    assert not unnamed, "neither gone nor named"
    assert not report["unknown"]
    assert (result.verdict is Verdict.CLEAN) is not bool(named)
    assert len(named) < max(1, len(sown) / 15), sorted((entry["type"], entry["code"]) for entry in report["blockers"])
