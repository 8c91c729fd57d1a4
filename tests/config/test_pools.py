"""What the configuration says of a whole pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atmosphere.config.load import check
from atmosphere.core.model import Toolkit
from atmosphere.core.snapshot import from_json, to_json

if TYPE_CHECKING:
    from tests.config.conftest import Configuration


def test_a_setting_of_a_pool_reaches_each_of_its_environments_and_no_other(configuration: Configuration) -> None:
    configuration.append("environments.yaml", "\npools:\n  demo: { cdk_toolkit: keep }\n")
    snapshot = check(configuration.directory).snapshot
    assert snapshot is not None
    kept = {entry.pool for entry in snapshot.environments if entry.cdk_toolkit is Toolkit.KEEP}
    assert kept == {"demo"}
    assert from_json(to_json(snapshot)) == snapshot
