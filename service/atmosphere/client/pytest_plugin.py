"""A pytest plugin: the fixture `atmosphere_environment`, an allocation for the tests of a session.

It is taken when the first test needs it, and given back when the session ends, also after `-x`, Ctrl-C, SIGTERM or
SIGHUP.
With pytest-xdist each worker has its own, or all share one; the controller gives back what a crashed worker held.
Nothing of the client is loaded in a session that does not use the fixture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from atmosphere.client.held import Held
    from atmosphere.client.pytest_lending import Lending

_FIXTURE: Final = "atmosphere_environment"
_INPUT: Final = "atmosphere"  # in what xdist gives its workers
_LENDING: Final = pytest.StashKey["Lending"]()
_SETTINGS: Final = {
    "pool": "the pool to take the environment from",
    "endpoint": "the service's address (default: ATMOSPHERE_ENDPOINT, or ATMOSPHERE_READY_FILE)",
    "requester": "text that shows people who asked (default: the build's address, or the user)",
    "duration": "how long it lasts at most, e.g. 45m (default: the service's)",
    "wait": "how long to wait for a free one, e.g. 10m (default: 30m)",
    "role": "one of the environment's named roles (default: admin)",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Each setting is an option and a line of the ini file; the option wins."""
    group = parser.getgroup("atmosphere", "AWS environments (atmosphere)")
    for name, text in _SETTINGS.items():
        group.addoption(f"--atmosphere-{name}", default=None, metavar=name.upper(), help=text)
        parser.addini(f"atmosphere_{name}", text, default="")
    parser.addini("atmosphere_constraints", "constraints such as region=eu-west-1, one a line", type="linelist")
    group.addoption(
        "--atmosphere-environments",
        choices=("worker", "shared"),
        default=None,
        help="with pytest-xdist: one environment for each worker (default), or one that all share",
    )
    parser.addini("atmosphere_environments", "worker or shared", default="worker")


def _lending(config: pytest.Config) -> Lending:
    """What this process lends; made when it is first needed."""
    if _LENDING not in config.stash:
        from atmosphere.client.pytest_lending import Lending, Settings  # noqa: PLC0415 costs nothing where it is unused

        settings = {name: _setting(config, name) for name in (*_SETTINGS, "environments")}
        constraints = tuple(config.getini("atmosphere_constraints"))
        given = getattr(config, "workerinput", {}).get(_INPUT)
        config.stash[_LENDING] = Lending(Settings(constraints=constraints, **settings), config, given)
    return config.stash[_LENDING]


def _setting(config: pytest.Config, name: str) -> str:
    given = config.getoption(f"--atmosphere-{name}")
    return str(config.getini(f"atmosphere_{name}") if given is None else given)


@pytest.fixture(scope="session")
def atmosphere_environment(request: pytest.FixtureRequest) -> Held:
    """An allocation: `environment` (account, region), `session()` for boto3, `variables()` for child processes."""
    return _lending(request.config).take()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests that use the environment fail once it is no longer ours."""
    if _LENDING in item.config.stash and _FIXTURE in getattr(item, "fixturenames", ()):
        item.config.stash[_LENDING].check()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """After all other fixtures and workers: give everything back, with the session's result as the outcome."""
    if _LENDING in session.config.stash:
        session.config.stash[_LENDING].finish(int(exitstatus))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """The controller of xdist prepares a worker: it knows what each may hold."""
    if _setting(node.config, "pool"):
        node.workerinput[_INPUT] = _lending(node.config).for_worker(node.gateway.id)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object | None) -> None:
    """A worker is gone; if it crashed, give back what it held."""
    if error and _LENDING in node.config.stash:
        node.config.stash[_LENDING].worker_crashed(node.gateway.id)
