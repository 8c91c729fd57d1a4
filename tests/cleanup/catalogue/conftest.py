"""The accounts that seeds are sown in, each made once."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from tests.cleanup.catalogue.frame import Backend, Plot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from atmosphere.local.emulator import Emulator
    from tests.cleanup.catalogue.frame import Seed

_IN_PROCESS: Any = {"lambda": {"use_docker": False}, "batch": {"use_docker": False}}


@cache
def _plot(_endpoint: str | None) -> Plot:
    """One for each AWS, which the environment's AWS_ENDPOINT_URL leads to."""
    return Plot()


@pytest.fixture
def till(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Plot]]:
    """Gives an empty account where these seeds, all of one backend, can be sown."""
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    world = ExitStack()

    def make(*seeds: Seed) -> Plot:
        [backend] = {seed.on for seed in seeds}
        if backend is Backend.EMULATOR:
            emulator: Emulator = request.getfixturevalue("emulator")
            monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
            plot = _plot(emulator.endpoint)
        else:
            world.enter_context(mock_aws(config=_IN_PROCESS))
            plot = _plot(None)
        plot.begin(*seeds)
        return plot

    with world:
        yield make
