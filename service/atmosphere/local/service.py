"""The whole service on this machine: embedded AWS, entrances, token issuer, real template, accounts, callers, ticker.

The accounts come before the service, because its deployment at once looks into every environment that is new to it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from atmosphere.adapters.dynamodb import DynamoStore
from atmosphere.config.load import load
from atmosphere.contract import FUNCTIONS, STAGE, FunctionName, Table
from atmosphere.core.model import Status
from atmosphere.local import image
from atmosphere.local.accounts import CallerKeys, make_callers, make_environments
from atmosphere.local.assembly import synthesize
from atmosphere.local.births import await_births
from atmosphere.local.callers import client_of
from atmosphere.local.deployment import DeploymentFailed, deploy
from atmosphere.local.emulator import HUB_ACCOUNT, REGION, Emulator, EmulatorFailed, free_port
from atmosphere.local.entrance import Entrance
from atmosphere.local.issuer import TokenIssuer
from atmosphere.local.job import claims, first_rule
from atmosphere.local.lacking import with_skipped
from atmosphere.local.progress import Notices, Progress, Silence, step
from atmosphere.local.root import Account
from atmosphere.local.state import State
from atmosphere.local.status_page import StatusPage
from atmosphere.local.tap import Tap
from atmosphere.local.ticker import Ticker
from atmosphere.local.wire import function_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from atmosphere.core.snapshot import Snapshot

STACK: Final = "atmosphere"
TICKER: Final = 5.0  # seconds between two calls of the reconciler


class LocalService:
    """Runs from `start` to `stop`, or for a `with` block.

    `settings` are durations by name (`session_seconds`), `port` is where API and AWS answer, `state` a directory that
    keeps what is there for the next start, `ticker` the seconds between two calls of the reconciler. With `fresh`, a
    start without state deploys and captures by itself instead of beginning from an image.
    """

    def __init__(
        self,
        config: Path,
        *,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        state: Path | None = None,
        ticker: float = TICKER,
        progress: Progress | None = None,
        fresh: bool = False,
    ) -> None:
        self._config = config
        self._settings = with_skipped(settings or {})
        self._stays = state is not None
        self._state = State(state or Path(tempfile.gettempdir()) / f"atmosphere-{os.getpid()}-{id(self):x}")
        self._gap = ticker
        self._progress = progress or Silence()
        self._fresh = fresh
        self.emulator = Emulator(self._state.directory, state=self._state.saved, saves=self._stays)
        self.tap = Tap(self.emulator.port)
        self._port = port or free_port()
        self._entrance = Entrance(self.emulator.port, port=self._port)
        self._issuer: TokenIssuer | None = None
        self._ticker: Ticker | None = None
        self._outputs: dict[str, str] = {}
        self._callers: Mapping[str, CallerKeys] = {}
        self._page = StatusPage(lambda: client_of(self.description, "operator"))
        self._snapshot: Snapshot | None = None
        self._deploying = False

    @property
    def hub(self) -> Account:
        """The root of the account that the service runs in."""
        return Account(self.emulator.endpoint, HUB_ACCOUNT, REGION)

    @property
    def aws_endpoint(self) -> str:
        """What `AWS_ENDPOINT_URL` is for everyone but the functions."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def endpoint(self) -> str:
        """The base that `/allocations` is appended to."""
        return f"{self.aws_endpoint}/_aws/execute-api/{self._outputs['ApiId']}/{STAGE}"

    @property
    def issuer(self) -> TokenIssuer:
        """The stand-in for GitHub's token issuer; there from `start` on."""
        if self._issuer is None:
            raise RuntimeError("the token issuer is created when the service starts: start the service first")
        return self._issuer

    def start(self) -> None:
        """Start everything; returns when the API answers.

        Raises `ConfigProblems`, `SynthesisFailed`, `StateInUse`, `EmulatorFailed` or `DeploymentFailed`; nothing is
        left running then.
        """
        try:
            self._start()
        except BaseException as failed:
            # a stack that failed is as it was before; one that was interrupted is stuck in between
            self.stop(whole=not self._deploying or isinstance(failed, DeploymentFailed))
            raise

    def _start(self) -> None:
        with step(self._progress, "configuration"):
            self._snapshot = load(self._config, self._settings)
        self._open_entrance()  # a port that is taken is noticed before anything takes time
        with step(self._progress, "template"):
            assembly = synthesize(self._config, self._settings)
        with step(self._progress, "image"):
            self._open_state(assembly)
        with step(self._progress, "embedded AWS"):
            self.emulator.start(lambda_endpoint=f"http://127.0.0.1:{self.tap.start()}")
        with step(self._progress, "token issuer"):
            self._issuer = self._start_issuer(self._snapshot)
        self._deploying = True
        with step(self._progress, "environments"):
            make_environments(self.hub, self._snapshot, assembly)
        with step(self._progress, "service"):
            self._deploy(assembly)
        self._deploying = False
        with step(self._progress, "callers"):
            self._callers = make_callers(self.hub)
        self._page.start()
        function = self._output("Function", FunctionName.RECONCILE)
        self._ticker = Ticker(self.hub, function, gap=self._gap, show=self._progress.notice)
        self._ticker.start()
        with step(self._progress, "baselines"):
            await_births(self.store(), self._progress.notice)

    def _open_entrance(self) -> None:
        try:
            self._entrance.start()
        except OSError as taken:
            message = f"port {self._port} is in use: stop the process that uses it, or choose another port"
            raise EmulatorFailed(message) from taken

    def deploy(self, config: Path) -> None:
        """Deploy another configuration with the same settings, as a merged pull request does. Raises as `start`."""
        snapshot = load(config, self._settings)
        self._deploy(synthesize(config, self._settings))
        self._config, self._snapshot = config, snapshot

    def _deploy(self, assembly: Path) -> None:
        parameters = {"LoopbackIssuer": self.issuer.url}
        self._outputs = deploy(self.hub, assembly=assembly, stack=STACK, parameters=parameters)
        self._name_functions()

    def _open_state(self, assembly: Path) -> None:
        if self._state.open():
            self._progress.notice("the last run was killed before it could save its state: starting without state")
        if not (self._fresh or self._state.saved.exists()):
            image.fill(self._state, image.digest(assembly), self._first_start)

    def _first_start(self, directory: Path) -> bool:
        """Start a service on a directory and stop it; whether every environment is free, so that it makes an image."""
        notices = Notices(self._progress)
        with LocalService(
            self._config, settings=self._settings, state=directory, progress=notices, fresh=True
        ) as first:
            return all(row.status is Status.FREE for row in first.store().environments())

    def _start_issuer(self, snapshot: Snapshot) -> TokenIssuer:
        port = self._state.issuer_port()
        issuer = TokenIssuer(claims(first_rule(snapshot)), audience=snapshot.settings.audience, port=port)
        issuer.start()
        return issuer

    def _name_functions(self) -> None:
        client = self.hub.client("lambda")
        keys = {}
        for function in FUNCTIONS:
            found = client.get_function_configuration(FunctionName=self._output("Function", function.name))
            keys[function_key(found["FunctionArn"], found["Role"])] = str(function.name)
        self.tap.name_functions(keys, snapshots=self._output("Table", Table.SNAPSHOTS))

    def _output(self, kind: str, name: str) -> str:
        return self._outputs[kind + name.title().replace("_", "")]

    def store(self) -> DynamoStore:
        """The service's tables, read as the root of its account."""
        return DynamoStore(self.hub.client("dynamodb"), {table: self._output("Table", table) for table in Table})

    @property
    def description(self) -> dict[str, Any]:
        """What the ready file says; holds the callers' keys."""
        pools = self._snapshot.pools if self._snapshot else ()
        return {
            "endpoint": self.endpoint,
            "awsEndpoint": self.aws_endpoint,
            "region": REGION,
            "account": HUB_ACCOUNT,
            "callers": {name: keys.described() for name, keys in self._callers.items()},
            "github": self.issuer.description,
            "status": self._page.url,
            "functions": {str(function.name): self._output("Function", function.name) for function in FUNCTIONS},
            "tables": {str(table): self._output("Table", table) for table in Table},
            "stateMachine": self._outputs["StateMachineArn"],
            "pools": [str(pool) for pool in pools],
            "pid": os.getpid(),
        }

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """The reconciler is not called within the block."""
        if self._ticker is None:
            yield
            return
        with self._ticker.held():
            yield

    def stop(self, *, whole: bool = True) -> None:
        """Stop everything; with `state`, what is there is kept for the next start. Safe to repeat."""
        if self._ticker is not None:
            self._ticker.stop()
        self._page.stop()
        ended = self.emulator.stop()
        self.tap.stop()
        self._entrance.stop()
        if self._issuer is not None:
            self._issuer.stop()
        self._state.close(whole=ended and whole)
        if not self._stays:
            shutil.rmtree(self._state.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
