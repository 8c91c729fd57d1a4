"""The guard: a hook in every AWS client of a cleanup that lets reads pass and judges everything else.

An operation whose name does not begin like a read changes something. Such a call is refused when the cleanup may only
look, at or after the deadline, outside the regions that cleaning covers, and when it names something protected. What is
let through is journalled, with the names it was called with and nothing else of its contents.

Source: botocore's events `before-parameter-build`, `before-call` and `request-created`, which comes before each time
that a call is sent; an exception in them prevents it.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock, local
from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.model import MutationRefused, OutOfTime, PastDeadline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from atmosphere.cleanup.aws.budget import Budget
    from atmosphere.cleanup.aws.protected import Hit, Protected
    from atmosphere.cleanup.aws.sessions import Session
    from atmosphere.core.model import Region

_READ: Final = re.compile(r"(Describe|List|Get|Head|Lookup|BatchGet|Search|Simulate|Validate)[A-Z]")
_GLOBAL_SERVICES: Final = ("iam", "cloudfront", "route53", "globalaccelerator")
_JOURNALLED: Final = 300  # characters; of what is longer the journal says nothing, as it may be contents
_CONTENTS: Final = re.compile(
    r"(\w*[Pp]olicy(Document|Text)?|Template\w*|Body|Properties|Code|Description|RoleARN|ClientRequestToken)"
)
_NOTHING: Final[frozenset[tuple[str, str]]] = frozenset()
_FREES: Final = {
    "ec2:RevokeSecurityGroupIngress": "GroupId",
    "ec2:RevokeSecurityGroupEgress": "GroupId",
    "ec2:DetachInternetGateway": "VpcId",
    "ec2:DetachVpnGateway": "VpcId",
    "ec2:DetachVolume": "InstanceId",
    "ec2:AssociateDhcpOptions": "VpcId",
    "ec2:ReplaceNetworkAclAssociation": "NetworkAclId",
    "ec2:DisassociateSecurityGroupVpc": "VpcId",
}
"""What frees a leftover from a kept thing, which only this parameter may name. The kept thing's own side is watched
(`contents.groups`, `contents.networks`, `contents.network_parts`); an instance only loses a volume that was no part of
the baseline."""
_PARTS: Final = frozenset({"iam:RemoveRoleFromInstanceProfile", "iam:RemoveUserFromGroup"})
"""What parts two things: a leftover from a kept one, whichever of the two that is."""
_ENDS_SESSIONS: Final = "signin:BatchRevokeSessions"
"""What a capture may change besides, as it revokes."""
REVOCATION_POLICY: Final = "AtmosphereRevoke-"
"""The one thing of a protected role that cleaning writes: the inline policy of this name and its own region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One call that was let through."""

    at: datetime
    service: str
    operation: str
    region: str
    names: Mapping[str, str]


def is_read(operation: str) -> bool:
    """Whether an operation only looks; anything not known to is a mutation."""
    return _READ.match(operation) is not None


class Guard:
    """Watches the clients of one pass. Safe in threads."""

    def __init__(
        self,
        *,
        may_mutate: bool,
        regions: tuple[Region, ...],
        deadline: datetime,
        budget: Budget,
        protected: Protected,
        only_revokes: bool = False,
    ) -> None:
        self.may_mutate = may_mutate
        self.regions = regions
        self._deadline = deadline
        self.budget = budget
        self._only_revokes = only_revokes
        self._thread = local()
        self._lock = Lock()
        self._journal: list[Mutation] = []
        self.protected = protected
        self.count = 0

    def watch(self, session: Session) -> None:
        """Every client that this session makes from now on is watched."""
        session.register("before-parameter-build", self._note)
        session.register("before-call", self._check)
        session.register("request-created", self._check_again)

    @contextmanager
    def restoring(self, operations: frozenset[str], name: str) -> Iterator[None]:
        """Within it, and in this thread, these operations (`service:Operation`) may name this protected thing, too."""
        before = getattr(self._thread, "spared", _NOTHING)
        self._thread.spared = before | {(operation, name) for operation in operations}
        try:
            yield
        finally:
            self._thread.spared = before

    def taken(self) -> list[Mutation]:
        """What was let through since the last time, in order."""
        with self._lock:
            taken, self._journal = self._journal, []
            return taken

    def _note(self, **event: Any) -> None:
        event["context"]["atmosphere_names"] = dict(_names(event["params"]))

    def _check(self, **event: Any) -> None:
        model, context = event["model"], event["context"]
        if is_read(model.name):
            return
        service: str = model.service_model.service_name
        region: str = context["client_region"]
        names: dict[str, str] = context.get("atmosphere_names", {})
        self._refuse(service, model.name, region, names)
        told = {key: name for key, name in names.items() if len(name) <= _JOURNALLED}
        with self._lock:
            self.count += 1
            self._journal.append(
                Mutation(at=self.budget.now(), service=service, operation=model.name, region=region, names=told)
            )

    def _check_again(self, **event: Any) -> None:
        """Before each time that a call is sent: botocore repeats a failed one by itself, until it is too late."""
        if not is_read(event["operation_name"]):
            self._refuse_late()

    def _refuse_late(self) -> None:
        if self.budget.stopped:
            raise OutOfTime
        if self.budget.now() >= self._deadline:
            raise PastDeadline

    def _refuse(self, service: str, operation: str, region: str, names: Mapping[str, str]) -> None:
        if not self.may_mutate:
            raise MutationRefused(f"{service}:{operation} would change something, and this cleanup may only look")
        self._refuse_late()
        if service not in _GLOBAL_SERVICES and region not in self.regions:
            raise MutationRefused(f"{service}:{operation} in {region}: cleaning covers {', '.join(self.regions)} only")
        if operation == "PutRolePolicy" and names.get("PolicyName") == REVOCATION_POLICY + self.regions[0]:
            return
        call = f"{service}:{operation}"
        if self._only_revokes and call != _ENDS_SESSIONS:
            raise MutationRefused(f"{service}:{operation} would change something, and a capture only revokes")
        hits = list(self.protected.named(service, operation, region, names))
        if call in _PARTS and len({hit.parameters for hit in hits}) == 1:
            return
        for hit in hits:
            if not self._is_spared(call, hit, names):
                raise MutationRefused(f"{call} names {hit.thing.id}, which is protected or part of the baseline")

    def _is_spared(self, call: str, hit: Hit, names: Mapping[str, str]) -> bool:
        """Whether this call may name it."""
        spared = getattr(self._thread, "spared", _NOTHING)
        values = [value for name, value in names.items() if name.partition(".")[0] in hit.parameters]
        return hit.parameters == (_FREES.get(call),) or any((call, name) in spared for name in (hit.thing.id, *values))


def _names(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in params.items():
        if isinstance(value, str) and not _CONTENTS.fullmatch(key):
            yield key, value
        elif isinstance(value, list) and all(isinstance(entry, str) for entry in value):
            yield from ((f"{key}.{index}", entry) for index, entry in enumerate(value))
