"""What AWS demands before a deletion: the rows, the table of docs/cleanup.md and botocore's models say the same."""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import nullcontext, suppress
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import pytest
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, StructureShape

from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.buckets import ObjectsRemain
from atmosphere.cleanup.catalogue.row import FAILED, Row
from atmosphere.cleanup.catalogue.tables import Tables
from atmosphere.cleanup.report.describing import steps as described
from atmosphere.core.model import Region
from atmosphere.faults import code_of
from tests.cleanup.catalogue.demands import DEMANDS
from tests.cleanup.catalogue.demands_services import SHOWN
from tests.cleanup.catalogue.frame import TYPES, Seed, StandIn
from tests.cleanup.catalogue.models import TEXT, operations
from tests.cleanup.catalogue.page import LINES, NOTHING
from tests.cleanup.catalogue.seeds import SEEDS
from tests.cleanup.catalogue.stated import REVIEWED, codes_of, digest, now, removal, to_review
from tests.cleanup.catalogue.test_rows import delete, needs
from tests.cleanup.conftest import REGION
from tests.cleanup.fakes.refusing import Refusing
from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.model import Shape

    from atmosphere.cleanup.catalogue.base import ResourceType
    from tests.cleanup.catalogue.frame import Plot
    from tests.cleanup.fakes.refusing import Clears, Demand

UNNAMED: Final = {
    "AWS::EC2::": {
        "DependencyViolation",
        "ExistingVpcEndpointConnections",
        "IncorrectState",
        "InvalidNetworkInterface.InUse",
        "OperationNotPermitted",
        "VolumeInUse",
    },
    "AWS::EKS::FargateProfile": {"ResourceInUseException"},
    "AWS::EMR::": {"ValidationException"},
    "AWS::S3::Bucket": {"BucketHasAccessPointsAttached", "BucketNotEmpty", "AccessDenied"},
    "AWS::Events::Rule": {"ValidationException"},
    "AWS::Backup::": {"AccessDeniedException"},
    "AWS::DynamoDB::Table": {"ValidationException"},
}
"""Codes that no model names: EC2 and S3 name none at all, EKS and EMR not these; the others any service may answer."""


def stepping(row: Row) -> Iterator[tuple[str, int, str]]:
    """The steps of a row before a deletion of ours: column, place, operation."""
    for column in ("unprotect", "strip", "rare"):
        yield from ((column, index, step.call.operation) for index, step in enumerate(getattr(row, column)))


def words(entry: ResourceType) -> set[str]:
    """The operations that a type's own table of docs/cleanup.md names, and its deletion."""
    return {*re.findall(r"`([a-z0-9_]+)`", described(entry)), removal(entry)}


# --- the table --------------------------------------------------------------------------------------------------------


def test_every_type_has_a_line_or_is_named_as_one_of_which_nothing_is_demanded() -> None:
    told = {type_ for type_, *_ in LINES}
    missing = TYPES.keys() - told - NOTHING
    assert not missing, "review what AWS demands of these, and add them to docs/cleanup.md"
    assert not (told | NOTHING) - TYPES.keys(), "no row has this type any more"
    assert not told & NOTHING


def test_no_demand_is_told_twice() -> None:
    assert [key for key, count in Counter((type_, demands) for type_, demands, _ in LINES).items() if count > 1] == []


@pytest.mark.parametrize(("type_", "demands", "does"), LINES)
def test_a_line_names_what_its_row_does(type_: str, demands: str, does: str) -> None:
    entry = TYPES[type_]
    names = set(re.findall(r"`([^`]+)`", does))
    operations_ = {name for name in names if re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)+", name)}
    codes = {name for name in names if re.fullmatch(r"[A-Z][A-Za-z.]+", name) and name.upper() != name}
    types = {name for name in names if name.startswith("AWS::")}
    assert operations_ <= words(entry), demands
    assert types <= (set(entry.after) if does.startswith("after") else TYPES.keys()), demands
    assert codes <= set(entry.errors.busy), demands
    assert ("not covered" in does) is ("not covered, because " in does), demands


@pytest.mark.parametrize("row", [entry for entry in CATALOGUE if isinstance(entry, Row)], ids=lambda row: row.name)
def test_every_step_of_a_row_is_in_a_line(row: Row) -> None:
    told = set(chain.from_iterable(re.findall(r"`([^`]+)`", does) for type_, _, does in LINES if type_ == row.name))
    assert {operation for _, _, operation in stepping(row)} <= told


@pytest.mark.parametrize("demand", DEMANDS, ids=lambda demand: f"{demand.type}-{demand.what}")
def test_the_refusing_aws_goes_by_the_table(demand: Demand) -> None:
    [line] = [line for line in LINES if (line.type, line.demands) == (demand.type, demand.what)]
    own = {removal(TYPES[demand.type])}
    told = set(re.findall(r"`([a-z0-9_]+)`", line.does))
    assert told or demand.after or demand.tries, "nothing is done about it"
    assert told <= demand.operations | own
    assert set(demand.after) <= set(line.after)
    assert not demand.tries or demand.refused[demand.removes] == line.retried


# --- the steps --------------------------------------------------------------------------------------------------------


def test_every_step_is_shown_to_be_needed() -> None:
    """By a resource that stays without it, see `test_rows`; or it serves CloudFormation's deletion alone."""
    shown = {
        (seed.type, column, index)
        for seed in SEEDS
        if isinstance(seed.entry, Row)
        for column, index, operation in stepping(seed.entry)
        if needs(seed, column, operation, index)
    }
    spared = {(seed.type, operation) for seed in SEEDS for operation in seed.spare}
    unseen = [
        (row.name, operation)
        for row in CATALOGUE
        if isinstance(row, Row)
        for column, index, operation in stepping(row)
        if (row.name, column, index) not in shown and (row.name, operation) not in spared
    ]
    assert unseen == []


class Deaf(Refusing):
    """An AWS that one of the calls which serve its demand does not reach."""

    def __init__(self, demand: Demand, place: int) -> None:
        super().__init__(demand)
        self._deaf = place

    def _clear(self, place: int, clearing: Clears) -> Mapping[str, Any]:
        return clearing.replies if place == self._deaf else super()._clear(place, clearing)


@pytest.mark.parametrize(
    ("demand", "place"),
    [
        pytest.param(demand, place, id=f"{demand.type}-{demand.what}-{clearing.operation}-{place}")
        for demand in DEMANDS
        if not isinstance(TYPES[demand.type], Row)
        for place, clearing in enumerate(demand.clears)
    ],
)
def test_every_call_of_a_type_that_is_no_row_is_needed(demand: Demand, place: int, till: Callable[..., Plot]) -> None:
    """As `test_rows` takes the steps of rows out one by one."""
    aws = Deaf(demand, place)
    services_ = (TYPES[demand.type].service, *demand.elsewhere)
    seed = Seed(
        type=demand.type, make=lambda _: aws.appear(), stand_ins=tuple(StandIn(each, lambda: aws) for each in services_)
    )
    plot = till(seed)
    identity = seed.make(plot.client)
    with suppress(ClientError, ObjectsRemain):
        delete(plot, seed, seed.entry, identity)
    assert aws.is_there


class Circle:
    """Two composite alarms, each of which depends on the other."""

    def __init__(self) -> None:
        self._rules = {"a": 'ALARM("b")', "b": 'ALARM("a")'}

    def describe_alarms(self, *, AlarmNames: list[str] | None = None, **_: Any) -> dict[str, Any]:  # noqa: N803
        found = [{"AlarmName": name, "AlarmRule": rule} for name, rule in self._rules.items()]
        return {"CompositeAlarms": [each for each in found if each["AlarmName"] in (AlarmNames or self._rules)]}

    def put_composite_alarm(self, *, AlarmName: str, AlarmRule: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self._rules[AlarmName] = AlarmRule
        return {}

    def delete_alarms(self, *, AlarmNames: list[str]) -> dict[str, Any]:  # noqa: N803
        [name] = AlarmNames
        if any(f'"{name}"' in rule for rule in self._rules.values()):
            raise refuse("ResourceConflict", "another alarm depends on it")
        del self._rules[name]
        return {}


@pytest.mark.parametrize("breaks", [True, False])
def test_a_circle_of_composite_alarms_is_broken(breaks: bool, till: Callable[..., Plot]) -> None:  # noqa: FBT001
    row = TYPES["AWS::CloudWatch::CompositeAlarm"]
    assert isinstance(row, Row)
    row = row if breaks else replace(row, rare=())
    plot = till(Seed(type=row.name, make=lambda _: "a", stand_ins=(StandIn("cloudwatch", Circle),)))
    for name in ("a", "b", "a", "b"):
        with suppress(ClientError):
            row.delete(plot.account, REGION, name, plot.budget.check)
    assert [each.id for each in row.list(plot.account, REGION)] == ([] if breaks else ["a", "b"])


class Expiring:
    """A recovery point whose deletion AWS accepts and cannot carry out."""

    def describe_recovery_point(self, **_: Any) -> dict[str, Any]:
        return {"RecoveryPointArn": "arn", "Status": "EXPIRED", "StatusMessage": "the role is gone"}

    def delete_recovery_point(self, **_: Any) -> dict[str, Any]:
        return {}


def test_a_recovery_point_that_aws_could_not_delete_says_why(till: Callable[..., Plot]) -> None:
    row = TYPES["AWS::Backup::RecoveryPoint"]
    plot = till(Seed(type=row.name, make=lambda _: "", stand_ins=(StandIn("backup", Expiring),)))
    with pytest.raises(ClientError, match="the role is gone") as raised:
        row.delete(plot.account, REGION, "vault|arn", plot.budget.check)
    assert code_of(raised.value) == FAILED


class Locked:
    """A snapshot that is locked, and a caller that may not look at locks."""

    def describe_snapshots(self, **_: Any) -> dict[str, Any]:
        return {"Snapshots": [{"SnapshotId": "snap-1"}]}

    def describe_locked_snapshots(self, **_: Any) -> dict[str, Any]:
        raise refuse("UnauthorizedOperation", "no")

    def delete_snapshot(self, **_: Any) -> dict[str, Any]:
        raise refuse("OperationNotPermitted", "it is locked")


def test_a_refusal_is_told_although_what_may_end_it_fails(till: Callable[..., Plot]) -> None:
    row = TYPES["AWS::EC2::Snapshot"]
    plot = till(Seed(type=row.name, make=lambda _: "", stand_ins=(StandIn("ec2", Locked),)))
    with pytest.raises(ClientError, match="it is locked"):
        row.delete(plot.account, REGION, "snap-1", plot.budget.check)


class Silent:
    """A vault whose policy denies everything to everyone but to be replaced."""

    def __init__(self) -> None:
        self._policy = ""

    def describe_backup_vault(self, **_: Any) -> dict[str, Any]:
        return self._answer({"BackupVaultName": "silent"})

    def get_backup_vault_access_policy(self, **_: Any) -> dict[str, Any]:
        return self._answer({"Policy": self._policy})

    def delete_backup_vault(self, **_: Any) -> dict[str, Any]:
        return self._answer({})

    def put_backup_vault_access_policy(self, *, Policy: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self._policy = Policy
        return {}

    def _answer(self, reply: dict[str, Any]) -> dict[str, Any]:
        if not self._policy:
            raise refuse("AccessDeniedException", "with an explicit deny in a resource-based policy")
        [statement] = json.loads(self._policy)["Statement"]
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        return reply


def test_a_vault_that_denies_to_be_read_gets_a_policy_that_allows_nothing(till: Callable[..., Plot]) -> None:
    row = TYPES["AWS::Backup::BackupVault"]
    plot = till(Seed(type=row.name, make=lambda _: "", stand_ins=(StandIn("backup", Silent),)))
    row.delete(plot.account, REGION, "silent", plot.budget.check)


class Refused:
    """A vault that something else than its policy denies to delete."""

    def describe_backup_vault(self, **_: Any) -> dict[str, Any]:
        return {"BackupVaultName": "refused"}

    def get_backup_vault_access_policy(self, **_: Any) -> dict[str, Any]:
        raise refuse("ResourceNotFoundException", "it has no policy")

    def delete_backup_vault(self, **_: Any) -> dict[str, Any]:
        raise refuse("AccessDeniedException", "no identity-based policy allows it")


def test_a_vault_without_a_denial_keeps_its_policy(till: Callable[..., Plot]) -> None:
    row = TYPES["AWS::Backup::BackupVault"]
    plot = till(Seed(type=row.name, make=lambda _: "", stand_ins=(StandIn("backup", Refused),)))
    changes = plot.changes()
    with pytest.raises(ClientError, match="no identity-based policy"):
        row.delete(plot.account, REGION, "refused", plot.budget.check)
    assert plot.changes() == changes + 1


class Replicas:
    """A table with a replica in each of some regions, all of them protected from deletion."""

    def __init__(self, *regions: str) -> None:
        self.protected = dict.fromkeys(regions, True)

    def client(self, service: str, region: Region) -> Replica:
        assert service == "dynamodb"
        return Replica(self, region)


class Replica:
    """The table as one region has it."""

    def __init__(self, table: Replicas, region: Region) -> None:
        self._table, self._region = table, region

    def describe_table(self, **_: Any) -> dict[str, Any]:
        protected = self._table.protected
        others = [{"RegionName": each, "ReplicaStatus": "ACTIVE"} for each in protected if each != self._region]
        described = {"TableStatus": "ACTIVE", "DeletionProtectionEnabled": protected[self._region]}
        return {"Table": {**described, "Replicas": others}}

    def update_table(
        self,
        *,
        ReplicaUpdates: list[Mapping[str, Any]] = (),  # type: ignore[assignment]  # noqa: N803
        **asked: Any,
    ) -> dict[str, Any]:
        if "DeletionProtectionEnabled" in asked:
            self._table.protected[self._region] = asked["DeletionProtectionEnabled"]
        for update in ReplicaUpdates:
            if self._table.protected[update["Delete"]["RegionName"]]:
                raise refuse("ValidationException", "deletion protection is enabled for this replica")
            del self._table.protected[update["Delete"]["RegionName"]]
        return {}


@pytest.mark.parametrize("covered", [True, False])
def test_replicas_lose_their_protection_where_cleaning_covers_their_region(
    covered: bool,  # noqa: FBT001
    till: Callable[..., Plot],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plot = till(Seed(type=Tables.name, make=lambda _: ""))
    table = Replicas(REGION, "eu-west-1")
    monkeypatch.setattr(plot.account, "client", table.client)
    monkeypatch.setattr(plot.account.guard, "regions", (REGION, *([Region("eu-west-1")] if covered else [])))
    with nullcontext() if covered else pytest.raises(ClientError, match="deletion protection"):
        Tables().delete(plot.account, REGION, "replicated", plot.budget.check)
    assert ("eu-west-1" in table.protected) is not covered


def test_a_web_acl_is_taken_off_every_kind_of_thing_that_it_may_guard() -> None:
    row = TYPES["AWS::WAFv2::WebACL"]
    assert isinstance(row, Row)
    [step] = row.rare
    assert step.each is not None
    kinds = operations("wafv2")["list_resources_for_web_acl"].input_shape.members["ResourceType"].enum  # type: ignore[union-attr]
    assert [variant["ResourceType"] for variant in step.each.variants] == kinds


# --- the models -------------------------------------------------------------------------------------------------------


def test_nothing_new_is_stated_of_a_deletion() -> None:
    told, reviewed = now(), json.loads(REVIEWED.read_text())
    new = to_review(told, reviewed)
    report = "\n".join(f"{name}:\n  " + "\n  ".join(lines) for name, lines in sorted(new.items()))
    assert not new, (
        f"AWS's model states something else of these deletions than when it was reviewed:\n{report}\n"
        "Review the rows and their lines in docs/cleanup.md, then run: python -m tests.cleanup.catalogue.stated"
    )
    assert reviewed.keys() == told.keys(), "left over: run python -m tests.cleanup.catalogue.stated"


def test_a_new_sentence_or_code_names_its_row() -> None:
    told = {"AWS::Kinesis::Stream": ["You must delete every queue."], "AWS::SQS::Queue": ["Wait."]}
    reviewed = {name: digest(lines) for name, lines in told.items()}
    assert to_review(told, reviewed) == {}
    told["AWS::Kinesis::Stream"].append("You must delete every channel.")
    assert to_review(told, reviewed).keys() == {"AWS::Kinesis::Stream"}
    assert to_review({**told, "AWS::New::Type": []}, reviewed).keys() == {"AWS::Kinesis::Stream", "AWS::New::Type"}


def services(demand: Demand) -> Mapping[str, str]:
    """The service of each operation of a demand."""
    own = dict.fromkeys(demand.operations, TYPES[demand.type].service)
    return own | {each: service for service, its in demand.elsewhere.items() for each in its}


def strange(value: Any, shape: Shape | None, path: str = "") -> Iterator[str]:
    """What a reply has that the model does not."""
    if isinstance(shape, StructureShape):
        for name, member in value.items():
            known = shape.members.get(name)
            yield from strange(member, known, f"{path}.{name}") if known else [f"{path}.{name}"]
    elif isinstance(shape, ListShape):
        for member in value:
            yield from strange(member, shape.member, path)
    elif not isinstance(shape, MapShape) and isinstance(value, dict | list) and value:
        yield path


@pytest.mark.parametrize("demand", DEMANDS, ids=lambda demand: f"{demand.type}-{demand.what}")
def test_the_refusing_aws_answers_as_the_models_say(demand: Demand) -> None:
    of = services(demand)
    for operation, reply in (*demand.there.items(), *demand.held.items()):
        shape = operations(of[operation])[operation].output_shape
        assert list(strange(reply, shape)) == [], operation
    for clearing in demand.clears:
        shape = operations(of[clearing.operation])[clearing.operation].input_shape
        assert list(strange(clearing.asked, shape)) == [], clearing.operation
    unnamed = {code for begins, codes in UNNAMED.items() if demand.type.startswith(begins) for code in codes}
    refused = (demand.removes, demand.refused.get(demand.removes))
    for operation, code in (refused, *((each.operation, each.before) for each in demand.clears)):
        assert not code or code in {*codes_of(of[operation], operation), *unnamed}, operation


@pytest.mark.parametrize("type_", SHOWN)
def test_what_is_waited_for_is_shown_as_the_models_say(type_: str) -> None:
    of = operations(TYPES[type_].service)
    for operation, reply in SHOWN[type_](TEXT).items():
        assert list(strange(reply, of[operation].output_shape)) == [], operation
