"""Clients of AWS that outlive the sessions they are made for.

A pass has keys, guard and pace of its own, but making clients of fifty services, and their connections, costs more
than listing an empty account (ADR 0009). So a role's clients stay for its next pass on this machine, and a session says
whose keys and hooks they have meanwhile. Between two sessions they refuse every call.
"""

from __future__ import annotations

from functools import cache, partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

import botocore.session
from botocore import xform_name
from botocore.config import Config
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.hooks import HierarchicalEmitter
from botocore.loaders import create_loader
from botocore.model import ServiceModel
from botocore.regions import EndpointResolver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.loaders import Loader

CONFIG: Final = Config(
    connect_timeout=3,
    read_timeout=15,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=50,
)
_EVENTS: Final = (
    "before-parameter-build",
    "before-call",
    "request-created",
    "before-send",
    "response-received",
    "after-call",
)
"""What botocore tells of a call, in order."""
_IGNORES_ENDPOINTS: Final = ("signin",)
"""Services whose clients ask AWS although another endpoint is configured (`findings/`)."""


@cache
def loader() -> Loader:
    """Service models are read once for all clients: most of what making the first of a service costs."""
    return create_loader()


@cache
def service_model(service: str) -> ServiceModel:
    """What botocore knows of a service; its client has read the same."""
    return ServiceModel(loader().load_service_model(service, "service-2"), service)


@cache
def regions_of(service: str) -> frozenset[str]:
    """The regions where botocore's list of endpoints has the service; none if it has no list of them."""
    resolver = EndpointResolver(loader().load_data("endpoints"))
    prefix = service_model(service).endpoint_prefix
    partitions = resolver.get_available_partitions()
    return frozenset(each for name in partitions for each in resolver.get_available_endpoints(prefix, name))


def method_name(operation: str) -> str:
    """The name of an operation in boto3, and in the catalogue."""
    name: str = xform_name(operation)
    return name


class SessionOver(RuntimeError):
    """A client was called after the session that had it was closed."""


class Session:
    """Keys and hooks for one user of `clients`; made by these."""

    def __init__(self, clients: Clients) -> None:
        self.clients = clients
        self.hooks = HierarchicalEmitter()

    def register(self, event: str, hook: Callable[..., Any]) -> None:
        """Call `hook` at an event of every call from now on, as sessions of botocore do."""
        self.hooks.register(event, hook)

    def client(self, service: str, region: str) -> Any:
        """The boto3 client of a service in a region."""
        return self.clients.client(service, region)

    def close(self) -> None:
        """Forget the keys. Whatever is called after this raises `SessionOver`."""
        self.clients.end(self)


class Clients:
    """All clients of one role (or whoever `whose` names), each made once. One session at a time has them.

    Safe in threads, but for the change of the session: nothing may be in flight then.
    """

    def __init__(self, whose: str) -> None:
        self.whose = whose
        self._lock = Lock()
        self._made: dict[tuple[str, str], Any] = {}
        self._current: Session | None = None
        self._session = cast("Any", botocore.session.Session())
        self._session.register_component("data_loader", loader())
        self._session.set_credentials("-", "-")
        self._keys: Any = self._session.get_credentials()  # the same object in all clients, so that its keys can change
        for event in _EVENTS:
            self._session.register(event, self._emit)

    def session(self, keys: Mapping[str, str]) -> Session:
        """A session with keys as STS gives them; from now on the clients are its own and nobody else's."""
        self._take(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        self._current = Session(self)
        return self._current

    def end(self, session: Session) -> None:
        """See `Session.close`; of no effect if another session has the clients."""
        if self._current is session:
            self._current = None
            self._take("-", "-", None)

    def client(self, service: str, region: str) -> Any:
        """See `Session`."""
        with self._lock:  # making clients is what boto3 does not do safely in threads
            if (service, region) not in self._made:
                made = self._session.create_client(service, region_name=region, config=CONFIG)
                if service in _IGNORES_ENDPOINTS and (given := self._endpoint_of(service)):
                    made.meta.events.register_first("before-call", partial(_send_to, given))
                self._made[service, region] = made
            return self._made[service, region]

    def _endpoint_of(self, service: str) -> str | None:
        """The endpoint that is configured for a service, None if it is AWS's."""
        full, scoped = self._session.full_config, self._session.get_scoped_config()
        given = ConfiguredEndpointProvider(full_config=full, scoped_config=scoped, client_name=service).provide()
        return str(given) if given else None

    def _take(self, key: str, secret: str, token: str | None) -> None:
        self._keys.access_key, self._keys.secret_key, self._keys.token = key, secret, token

    def _emit(self, event_name: str, **event: Any) -> Any:
        """The first answer of the session's hooks. All of them are asked: an answer for botocore overrules no guard."""
        if self._current is None:
            raise SessionOver(f"{event_name}: the session that had this client is closed; open the account again")
        answers = self._current.hooks.emit(event_name, **event)
        return next((answer for _, answer in answers if answer is not None), None)


def _send_to(endpoint: str, **event: Any) -> None:
    """Send a request to an endpoint instead of AWS's, before it is signed."""
    asked = urlsplit(event["params"]["url"])
    given = urlsplit(endpoint)
    event["params"]["url"] = asked._replace(scheme=given.scheme, netloc=given.netloc).geturl()
