"""A service of another name says so in each line, metric and event: an account may have several."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Final

import pytest

from atmosphere.contract import EVENT_SOURCE, NAME, SERVICE_VARIABLE

SAY: Final = """
import os
from atmosphere import observability
from atmosphere.contract import Metric
observability.line("hello")
observability.count(Metric.ROLE_REFUSED)
from atmosphere.wiring import App
print(App(os.environ).events._source)
"""


@pytest.mark.parametrize(("variables", "name"), [({}, NAME), ({SERVICE_VARIABLE: "blue"}, "blue")])
def test_lines_metrics_and_events_have_the_name_of_the_service(variables: dict[str, str], name: str) -> None:
    own = {each: value for each, value in os.environ.items() if not each.startswith(("AWS_", "POWERTOOLS_"))}
    keys = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
    done = subprocess.run(
        [sys.executable, "-c", SAY], env={**own, **keys, **variables}, capture_output=True, text=True, check=True
    )
    line, metric, source = done.stdout.splitlines()
    assert json.loads(line)["service"] == name
    assert json.loads(metric)["service"] == name
    assert source == name
    assert EVENT_SOURCE == NAME
