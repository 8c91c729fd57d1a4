"""A row says what botocore's model leaves open, and nothing that the model says.

`pytest -rP -k differs` prints what the rows say for themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import OperationNotPageableError, PaginationError, ParamValidationError

from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.calls import Call, Listing
from atmosphere.cleanup.catalogue.defaults import model_of
from atmosphere.cleanup.catalogue.row import Row
from tests.cleanup.catalogue.models import required, result_keys
from tests.cleanup.catalogue.test_models import calls, listings
from tests.cleanup.clients import KEYS, shared
from tests.cleanup.conftest import REGION

if TYPE_CHECKING:
    from collections.abc import Iterator

Entry = tuple[str, str, object, tuple[str, ...]]
"""An operation, what of it the row says, what it says, and what botocore's model says."""


def said(row: Row) -> Iterator[Entry]:
    for call in calls(row):
        apart = {*(call.fixed or {}), *(call.seen or {})}
        yield call.operation, "key", call.key, required(row.service, call.operation, apart)
    for listing in listings(row):
        yield listing.operation, "of", listing.of, required(row.service, listing.operation, listing.fixed or {})
        yield listing.operation, "members", listing.members, result_keys(row.service, listing.operation)


def repeats(word: object, model: tuple[str, ...]) -> bool:
    return len(model) == 1 and word in (model[0], model)


def test_what_a_row_says_differs_from_what_botocore_says() -> None:
    repeated = []
    for row in (entry for entry in CATALOGUE if isinstance(entry, Row)):
        for operation, what, word, model in said(row):
            if repeats(word, model):
                repeated.append(f"{row.name}: leave {what}={word!r} of {operation} out")
            elif word is not None:
                print(f"{row.name}: {operation} {what}={word!r}, botocore: {', '.join(model) or 'nothing'}")  # noqa: T201
    assert repeated == []


def client(service: str) -> Any:
    """A client whose calls fail when they are about to be sent."""
    session = shared("fake").session(KEYS)
    session.register("before-call", lambda **event: pytest.fail(f"{event['model'].name} is sent"))
    return session.client(service, REGION)


def parameters(service: str, call: Call, *parts: str) -> dict[str, Any]:
    return call.parameters(model_of(client(service), call.operation), parts)


def test_the_only_required_parameter_takes_the_id_in_a_list_if_it_takes_one() -> None:
    assert parameters("ec2", Call("delete_vpc"), "vpc-1") == {"VpcId": "vpc-1"}
    assert parameters("ec2", Call("terminate_instances"), "i-1") == {"InstanceIds": ["i-1"]}


def test_parameters_that_are_given_otherwise_do_not_take_the_id() -> None:
    call = Call("put_user_policy", fixed={"PolicyName": "p", "PolicyDocument": "{}"})
    assert parameters("iam", call, "u") == {"UserName": "u", "PolicyName": "p", "PolicyDocument": "{}"}
    tagged = Call("delete_web_acl", ("Name", "Scope"), {"Id": "1"}, seen={"LockToken": "LockToken"})
    assert parameters("wafv2", tagged, "n", "REGIONAL") == {"Name": "n", "Scope": "REGIONAL", "Id": "1"}


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("iam", "get_user"),  # requires nothing: without a name it is the caller who is asked about
        ("eks", "delete_nodegroup"),  # requires two
    ],
)
def test_a_call_whose_parameter_is_open_fails_before_it_is_sent(service: str, operation: str) -> None:
    with pytest.raises(ParamValidationError, match="name those that take the id"):
        Call(operation).run(client(service), ("id",))


def test_a_listing_whose_members_are_open_fails_before_it_is_sent() -> None:
    with pytest.raises(PaginationError, match="StreamNames"):
        list(Listing("list_streams").read(client("kinesis")))
    with pytest.raises(OperationNotPageableError):
        list(Listing("list_event_buses").read(client("events")))
