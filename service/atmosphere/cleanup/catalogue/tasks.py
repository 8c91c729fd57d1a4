"""ECS tasks that were started by themselves. Those of a service are the service's, which would replace them.

Whoever starts a task chooses its group and what started it (RunTask `group`, `startedBy`), so neither makes it one of a
service's: the service says which are its own. Not a type of CloudFormation's: tests and rules start them. Source: the
ECS API reference, RunTask, ListTasks (`serviceName`).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.apart import apart
from atmosphere.cleanup.catalogue.at_work import doing
from atmosphere.cleanup.catalogue.base import Errors, Found, Plain, pages
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check, Unread
    from atmosphere.core.model import Region

_AT_ONCE: Final = 100  # tasks that one DescribeTasks takes
_STOPPED: Final = "STOPPED"
_NO_CLUSTER: Final = "ClusterNotFoundException"
_NO_SERVICE: Final = ("ServiceNotFoundException", "ServiceNotActiveException")
_OF_SERVICE: Final = "service:"


class Tasks(Plain):
    """Running tasks, by their ARN, which names the cluster too."""

    name: Final = "AWS::ECS::Task"
    service: Final = "ecs"
    after = ("AWS::ECS::Service",)
    # what a task that is no longer known is answered with
    errors = Errors(absent=(_NO_CLUSTER, "InvalidParameterException"))

    def list(self, account: Account, region: Region) -> Iterator[Found | Unread]:
        """See `ResourceType`."""
        client = account.client("ecs", region)
        clusters = [cluster for page in pages(client, "list_clusters") for cluster in page["clusterArns"]]
        yield from apart(clusters, partial(self._of, client), (_NO_CLUSTER,))

    def exists(self, account: Account, region: Region, identity: str) -> bool:
        """See `ResourceType`."""
        return self._status(account, region, identity) not in (None, _STOPPED)

    def at_work(self, account: Account, region: Region, identity: str) -> str | None:
        """See `ResourceType`: a task that was told to stop has minutes to do so."""
        return doing({"Status": self._status(account, region, identity)})

    def _status(self, account: Account, region: Region, identity: str) -> str | None:
        client = account.client("ecs", region)
        try:
            tasks = client.describe_tasks(cluster=_cluster(identity), tasks=[identity])["tasks"]
        except ClientError as error:
            if code_of(error) not in self.errors.absent:
                raise
            return None
        return next((task["lastStatus"] for task in tasks), None)

    def delete(self, account: Account, region: Region, identity: str, check: Check) -> None:  # noqa: ARG002  one call
        """See `ResourceType`."""
        try:
            account.client("ecs", region).stop_task(cluster=_cluster(identity), task=identity)
        except ClientError as error:
            if code_of(error) not in self.errors.absent:
                raise

    def _of(self, client: Any, cluster: str) -> Iterator[Found]:
        known = _listed(client, cluster)
        running: dict[str, str] = {}
        for start in range(0, len(known), _AT_ONCE):
            tasks = client.describe_tasks(cluster=cluster, tasks=known[start : start + _AT_ONCE])["tasks"]
            running |= {each["taskArn"]: each.get("group", "") for each in tasks if each["lastStatus"] != _STOPPED}
        groups = {group for group in running.values() if group.startswith(_OF_SERVICE)}
        owned = {task for group in sorted(groups) for task in _of_service(client, cluster, group)}
        yield from (Found(task) for task in running if task not in owned)


def _listed(client: Any, cluster: str, **only: str) -> list[str]:
    return [task for page in pages(client, "list_tasks", cluster=cluster, **only) for task in page["taskArns"]]


def _of_service(client: Any, cluster: str, group: str) -> list[str]:
    """The tasks of the service that a group names; none if there is no such service."""
    try:
        return _listed(client, cluster, serviceName=group.removeprefix(_OF_SERVICE))
    except ClientError as error:
        if code_of(error) not in _NO_SERVICE:
            raise
        return []


def _cluster(task: str) -> str:
    return task.split("/")[1]
