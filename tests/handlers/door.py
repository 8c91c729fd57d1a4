"""The API in one process: events as the gateway makes them, the functions' real entry points, a service in memory."""

from __future__ import annotations

import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

from atmosphere import wiring
from atmosphere.adapters.memory import MemoryEvents, MemoryNotices, MemoryReports, MemorySecrets, MemorySnapshot
from atmosphere.cleanup.baseline.amendments import Amendments
from atmosphere.cleanup.state.store import MemoryTexts
from atmosphere.contract import RELEASE_SCHEME, ROOTS, ROUTES, FunctionName, Tree
from atmosphere.core.access import AccessRules, Operator
from atmosphere.core.github import GITHUB_COM
from atmosphere.core.model import AccountId
from atmosphere.handlers import allocate, deallocate, heartbeat, operate, query, refresh, webhook
from tests.builders import HUB, POOL, a_github_rule, a_run, an_iam_rule
from tests.operations.world import World, a_world
from tests.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from atmosphere.core.github import RunIdentity

API_ACCOUNT: Final = "777777777777"
HANDLERS: Final[dict[FunctionName, Callable[[dict[str, Any], object], dict[str, Any]]]] = {
    FunctionName.ALLOCATE: allocate.handler,
    FunctionName.DEALLOCATE: deallocate.handler,
    FunctionName.REFRESH: refresh.handler,
    FunctionName.HEARTBEAT: heartbeat.handler,
    FunctionName.QUERY: query.handler,
    FunctionName.OPERATE: operate.handler,
    FunctionName.WEBHOOK: webhook.handler,
}
WEBHOOK_SECRET: Final = b"CANARY-webhook-secret"
NO_SIGNATURE: Final = dict.fromkeys(("accountId", "userArn", "caller", "user", "accessKey"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """What the gateway says of a caller: `requestContext.identity` and `.authorizer`, and the tree it came in by."""

    identity: Mapping[str, Any] = field(default_factory=lambda: dict(NO_SIGNATURE))
    authorizer: Mapping[str, Any] | None = None
    tree: Tree = Tree.IAM
    headers: Mapping[str, str] = field(default_factory=dict)


def signed(role: str = "runner", account: str = HUB, *, session: str = "ci") -> Who:
    """A session of a role, signed, on the IAM tree."""
    arn = f"arn:aws:sts::{account}:assumed-role/{role}/{session}"
    identity = {"accountId": account, "userArn": arn, "user": f"AROAEXAMPLE:{session}"}
    return Who(identity={**NO_SIGNATURE, "sourceIp": "192.0.2.1", **identity, "caller": identity["user"]})


def told(run: RunIdentity, rules: str = "app") -> dict[str, str]:
    """What the authorizer tells of a run: text throughout, nothing where the token said nothing."""
    claims = {name: value or "" for name, value in asdict(run).items()}
    return {"auth": "github", "rules": rules, **claims, "principalId": "github", "integrationLatency": "12"}


def workflow(*, rules: str = "app", **run: Any) -> Who:
    """A workflow run that the authorizer let in, on the GitHub tree."""
    return Who(authorizer=told(a_run(**run), rules), tree=Tree.GITHUB, headers={"Authorization": "Bearer a.b.c"})


def holder(secret: str) -> Who:
    """Somebody who only has a release token."""
    return Who(
        authorizer={"auth": "release", "principalId": "release"},
        tree=Tree.GITHUB,
        headers={"Authorization": f"Bearer {RELEASE_SCHEME}{secret}"},
    )


def find(method: str, path: str, tree: Tree) -> tuple[FunctionName, str, dict[str, str]]:
    """The route of a path: its function, its resource, and the path's parameters, as the gateway finds them."""
    parts = path.split("/")
    for route in ROUTES:
        names = route.path.split("/")
        if (route.method, route.tree) != (method, tree) or len(names) != len(parts):
            continue
        pairs = list(zip(names, parts, strict=True))
        if all(name == part or name.startswith("{") for name, part in pairs):
            values = {name.strip("{}"): part for name, part in pairs if name.startswith("{")}
            return route.function, ROOTS[tree] + route.path, values
    raise LookupError(f"the gateway has no {method} {path} on the {tree} tree")


def an_event(
    who: Who,
    method: str,
    path: str,
    body: object = None,
    *,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """A REST proxy event; a body that is neither text nor bytes goes as JSON."""
    _, resource, values = find(method, path, who.tree)
    context: dict[str, Any] = {
        "accountId": API_ACCOUNT,
        "requestId": "request-1",
        "extendedRequestId": "extended-1",
        "identity": dict(who.identity),
    }
    if who.authorizer is not None:
        context["authorizer"] = dict(who.authorizer)
    return {
        "resource": resource,
        "httpMethod": method,
        "path": path,
        "pathParameters": values or None,
        "queryStringParameters": dict(query) if query else None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} if query else None,
        "headers": {**who.headers, **(headers or {})},
        "requestContext": context,
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
        **changes,
    }


def hub_signature(body: str, secret: bytes = WEBHOOK_SECRET) -> str:
    """The value of `X-Hub-Signature-256`."""
    return f"sha256={hmac.digest(secret, body.encode(), 'sha256').hex()}"


def completed_run(attempt: int = 1, **about: Any) -> dict[str, Any]:
    """GitHub's message that the run of `workflow()` is over."""
    run = a_run()
    told = {"id": int(run.run_id), "run_attempt": attempt, "status": "completed", "conclusion": "failure"}
    return {"action": "completed", "workflow_run": told | about, "repository": {"id": int(run.repository_id)}}


def completed_job(job: int = 6000000001, **about: Any) -> dict[str, Any]:
    """GitHub's message that a job of that run is over; by default the one of `workflow()`."""
    message = completed_run()
    told = message.pop("workflow_run") | {"id": job, "run_id": int(a_run().run_id)}
    return message | {"workflow_job": told | about}


class Door:
    """One service; whoever asks gets what the function of the route answers."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.headers: Mapping[str, str] = {}  # that every request carries, unless it has its own
        self.reports = MemoryReports()
        self.secrets = MemorySecrets({GITHUB_COM: (WEBHOOK_SECRET,)})
        self.baselines = Amendments(MemoryTexts())

    @property
    def app(self) -> wiring.App:
        app = wiring.App({})
        parts = {
            "clock": self.world.clock,
            "ids": self.world.ids,
            "store": self.world.store,
            "credentials": self.world.credentials,
            "cleaner": self.world.cleaner,
            "snapshots": MemorySnapshot(self.world.snapshot),
            "reports": self.reports,
            "baselines": self.baselines,
            "events": MemoryEvents(),
            "notices": MemoryNotices(),
            "webhook_secrets": self.secrets,
        }
        for name, part in parts.items():
            setattr(app, name, part)
        return app

    def send(self, event: dict[str, Any], function: FunctionName) -> Reply:
        """Invoke a function with an event, whatever it is."""
        return self.send_at_once([event], function)[0]

    def send_at_once(self, events: Sequence[dict[str, Any]], function: FunctionName) -> list[Reply]:
        """Invoke a function with all these at the same time."""
        app = self.app
        with pytest.MonkeyPatch.context() as patched, ThreadPoolExecutor(len(events)) as threads:
            patched.setattr(wiring, "app", lambda: app)
            replies = list(threads.map(lambda event: HANDLERS[function](event, None), events))
        return [Reply(reply["statusCode"], reply["headers"], reply["body"]) for reply in replies]

    def ask(self, who: Who, method: str, path: str, body: object = None, **event: Any) -> Reply:
        """What a caller gets for a request on its tree."""
        made = an_event(who, method, path, body, **event)
        made["headers"] = {**self.headers, **made["headers"]}
        return self.send(made, find(method, path, who.tree)[0])

    def deliver(self, message: object, **event: Any) -> Reply:
        """What GitHub gets for a message that it signed; `headers` stand for those that a message has."""
        body = message if isinstance(message, str) else json.dumps(message)
        headers = {"X-Hub-Signature-256": hub_signature(body)}
        return self.ask(Who(tree=Tree.WEBHOOK), "POST", "/webhook", body, **({"headers": headers} | event))

    def allocate(self, who: Who, **asked: Any) -> Reply:
        """POST /allocations; `key` is the Idempotency-Key."""
        key = asked.pop("key", None)
        headers = {"Idempotency-Key": key} if key is not None else {}
        return self.ask(who, "POST", "/allocations", {"pool": POOL, "requester": "a test"} | asked, headers=headers)

    def allocated(self, who: Who, **asked: Any) -> str:
        """The id of an allocation that was granted."""
        reply = self.allocate(who, **asked)
        assert reply.status == 200, reply.text
        return cast("str", reply.body["id"])

    def end(self, who: Who, id_: str, outcome: str = "success") -> Reply:
        return self.ask(who, "DELETE", f"/allocations/{id_}", {"outcome": outcome})

    def look(self, who: Who, id_: str) -> Reply:
        return self.ask(who, "GET", f"/allocations/{id_}")

    def refresh(self, who: Who, id_: str) -> Reply:
        return self.ask(who, "POST", f"/allocations/{id_}/credentials", {})

    def beat(self, who: Who, id_: str, body: object = None) -> Reply:
        return self.ask(who, "POST", f"/allocations/{id_}/heartbeat", body)


def a_door(count: int = 2, *, taken: int = 0, max_active: int | None = None) -> Door:
    """`count` environments, `taken` of them dirty; `runner`s of the hub and runs of acme/app and acme/tool may come."""
    world = a_world(count, taken=taken, max_active=max_active)
    rules = AccessRules(
        iam=(an_iam_rule(roles=("runner", "neighbour"), max_active=max_active),),
        github=(
            a_github_rule(max_active=max_active),
            a_github_rule(name="tool", repository_id="900000002", repository="acme/tool"),
        ),
        operators=(Operator(account=AccountId(HUB), role="operator"),),
    )
    world.snapshot = type(world.snapshot)(
        environments=world.snapshot.environments, access=rules, settings=world.snapshot.settings
    )
    return Door(world)
