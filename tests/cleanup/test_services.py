"""The cleanup's asset has the models of exactly those AWS services that the cleanup calls."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from atmosphere import cleanup
from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.contents import SERVICES
from atmosphere.cleanup.contents.account_settings import settings
from atmosphere.cleanup.scan import tagged as detector
from atmosphere.contract import FUNCTIONS, FunctionName
from tests.cleanup.conftest import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator

CODE: Final = Path(cleanup.__path__[0])
SHIPPED: Final = {function.name: set(function.services) for function in FUNCTIONS}


def _named() -> Iterator[str]:
    """Every service that a call of `client` names outright."""
    for file in CODE.rglob("*.py"):
        yield from re.findall(r'\.client\(\s*"([a-z0-9-]+)"', file.read_text())


def test_what_the_cleanup_calls_is_shipped_and_nothing_else():
    called = {entry.service for entry in CATALOGUE} | set(SERVICES.values()) | set(_named())
    called |= {detector.SERVICE, *(setting.service for setting in settings(ACCOUNT))}
    others = SHIPPED[FunctionName.ALLOCATE]  # what every function has
    assert SHIPPED[FunctionName.CLEANUP] - others == called - others
