"""Functions leave their VPC before they are deleted, unless they cannot be changed any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.cleanup.catalogue.frame import TYPES, Plot, Seed, StandIn
from tests.cleanup.conftest import REGION
from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from collections.abc import Callable

FUNCTION = "AWS::Lambda::Function"


class Inside:
    """One function in a VPC of both IP versions; `refusal` is what AWS answers when it is to be changed."""

    def __init__(self, refusal: ClientError | None = None, state: str = "Active") -> None:
        self.network: dict[str, Any] = {"VpcId": "vpc-1", "SubnetIds": ["subnet-1"], "Ipv6AllowedForDualStack": True}
        self.there = True
        self._refusal = refusal
        self._state = state

    def get_function_configuration(self, *, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        if not self.there:
            raise refuse("ResourceNotFoundException", FunctionName)
        return {"FunctionName": FunctionName, "State": self._state, "VpcConfig": self.network}

    def update_function_configuration(self, *, VpcConfig: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        if self._refusal:
            raise self._refusal
        after = {**self.network, **VpcConfig}
        if after["Ipv6AllowedForDualStack"] and not after["SubnetIds"]:
            raise refuse("InvalidParameterValueException", "Ipv6AllowedForDualStack cannot be true without subnets")
        self.network = {**after, "VpcId": ""}
        return {}

    def delete_function(self, **_: Any) -> dict[str, Any]:
        self.there = False
        return {}


def standing(till: Callable[..., Plot], inside: Inside) -> Plot:
    return till(Seed(type=FUNCTION, make=lambda _: "f", stand_ins=(StandIn("lambda", lambda: inside),)))


def test_one_with_ipv6_leaves_its_vpc_too(till: Callable[..., Plot]) -> None:
    inside = Inside()
    plot = standing(till, inside)
    TYPES[FUNCTION].prepare(plot.account, REGION, "f", plot.budget.check)
    assert inside.network["SubnetIds"] == []


@pytest.mark.parametrize(
    "inside",
    [
        Inside(refuse("InvalidParameterValueException", "The role defined for the function cannot be assumed")),
        Inside(refuse("ResourceConflictException", "is currently in the following state: 'Failed'"), state="Failed"),
    ],
    ids=["role-gone", "failed"],
)
def test_one_that_cannot_be_changed_is_deleted_where_it_is(till: Callable[..., Plot], inside: Inside) -> None:
    plot = standing(till, inside)
    TYPES[FUNCTION].delete(plot.account, REGION, "f", plot.budget.check)
    assert not inside.there


def test_one_that_is_being_changed_is_tried_again_later(till: Callable[..., Plot]) -> None:
    inside = Inside(refuse("ResourceConflictException", "An update is in progress"))
    plot = standing(till, inside)
    with pytest.raises(ClientError, match="ResourceConflictException"):
        TYPES[FUNCTION].delete(plot.account, REGION, "f", plot.budget.check)
    assert inside.there
