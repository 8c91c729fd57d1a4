"""Cloud Control: gets and deletes anything by id, asynchronously, and remembers what it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.cleanup.fakes.world import Paged, World, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OPEN = ("PENDING", "IN_PROGRESS")


class FakeCloudControl(Paged):
    """Requests are done after `World.slowly` further looks; what is undeletable fails then, with a message."""

    def __init__(self, world: World) -> None:
        self.world = world

    def _check(self, type_: str) -> None:
        if type_ in self.world.refusals:
            raise self.world.refusals[type_]
        if type_ in self.world.unsupported:
            raise refuse("UnsupportedActionException", f"{type_} is not supported")

    def get_resource(self, *, TypeName: str, Identifier: str) -> dict[str, Any]:  # noqa: N803
        self._check(TypeName)
        self._work()
        if (TypeName, Identifier) not in self.world.there:
            raise refuse("ResourceNotFoundException", "not found")
        return {"TypeName": TypeName}

    def delete_resource(self, *, TypeName: str, Identifier: str) -> dict[str, Any]:  # noqa: N803
        self.world.asked.append(Identifier)
        self.get_resource(TypeName=TypeName, Identifier=Identifier)
        if any(each["Identifier"] == Identifier for each in self._open()):
            raise refuse("ConcurrentOperationException", "another operation on it is in progress")
        request = {
            "TypeName": TypeName,
            "Identifier": Identifier,
            "OperationStatus": "IN_PROGRESS",
            "EventTime": self.world.now(),
            "left": self.world.slowly,
        }
        self.world.requests.append(request)
        self._work()
        return {"ProgressEvent": request}

    def _list_resource_requests(
        self,
        *,
        ResourceRequestStatusFilter: Mapping[str, Sequence[str]],  # noqa: N803
    ) -> tuple[str, list[dict[str, Any]]]:
        assert ResourceRequestStatusFilter["Operations"] == ["DELETE"]
        wanted = ResourceRequestStatusFilter["OperationStatuses"]
        found = [each for each in self.world.requests if each["OperationStatus"] in wanted]
        return "ResourceRequestStatusSummaries", found

    def _open(self) -> list[dict[str, Any]]:
        return [each for each in self.world.requests if each["OperationStatus"] in _OPEN]

    def _work(self) -> None:
        for request in self._open():
            request["left"] -= 1
            if request["left"] >= 0:
                continue
            identity = request["Identifier"]
            if identity in self.world.denials:
                request["OperationStatus"], request["ErrorCode"] = "FAILED", "AccessDenied"
                request["StatusMessage"] = self.world.denials[identity]
            elif identity in self.world.undeletable:
                request["OperationStatus"], request["ErrorCode"] = "FAILED", "GeneralServiceException"
                request["StatusMessage"] = f"{identity} is in use by something"
            else:
                request["OperationStatus"] = "SUCCESS"
                self.world.there.discard((request["TypeName"], identity))
