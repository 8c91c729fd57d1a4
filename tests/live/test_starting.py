"""How functions start on a real account: where they run, and what byte code in their assets saves.

docs/adr/0024 claims it from measurements on one machine.
"""

from __future__ import annotations

import base64
import io
import re
import statistics
import zipfile
from typing import TYPE_CHECKING, Any, Final

import pytest
import urllib3
from botocore.exceptions import ClientError

from atmosphere.contract import FunctionName
from atmosphere.faults import code_of
from tests.live.account import trust
from tests.live.ledger import Kind
from tests.live.waiting import MINUTE, until

if TYPE_CHECKING:
    from tests.live.account import Live

pytestmark = pytest.mark.live

STARTS: Final = 3
_INIT: Final = re.compile(r"Init Duration: ([\d.]+) ms")
_INIT_JSON: Final = re.compile(r'"initDurationMs":\s*([\d.]+)')
_BYTE_CODE: Final = ".pyc"


def without_byte_code(archive: bytes) -> bytes:
    """A function's asset as it would be if no build had compiled it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as there, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as here:
        for entry in there.infolist():
            if not entry.filename.endswith(_BYTE_CODE):
                here.writestr(entry, there.read(entry))
    return out.getvalue()


def init_duration(log: str) -> float | None:
    """Milliseconds of a start by the report at the end of a log, as text or as JSON; None without a start."""
    found = _INIT.search(log) or _INIT_JSON.search(log)
    return float(found[1]) if found else None


def start(live: Live, like: dict[str, Any], archive: bytes) -> list[float]:
    """Milliseconds of several starts of a new function with this code, which may do nothing."""
    functions, name = live.client("lambda"), live.name(Kind.FUNCTION)
    role = live.role(trusted=trust({"Service": "lambda.amazonaws.com"}))
    kept = {key: like[key] for key in ("Runtime", "Handler", "MemorySize", "Timeout", "Architectures")}

    def made() -> bool:
        try:
            functions.create_function(
                FunctionName=name,
                Role=role.arn,
                Code={"ZipFile": archive},
                Environment={"Variables": like["Environment"]["Variables"]},
                **kept,
            )
        except ClientError as error:
            if code_of(error) != "InvalidParameterValueException":
                raise
            return False
        return True

    until(made, "Lambda may assume the role", seconds=MINUTE)
    return [_start(functions, name, attempt) for attempt in range(STARTS)]


def _start(functions: Any, name: str, attempt: int) -> float:
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    functions.update_function_configuration(FunctionName=name, Timeout=20 + attempt)  # ends the warm instances
    functions.get_waiter("function_updated_v2").wait(FunctionName=name)
    reply = functions.invoke(FunctionName=name, Payload=b"{}", LogType="Tail")
    log = base64.b64decode(reply["LogResult"]).decode()
    milliseconds = init_duration(log)
    assert milliseconds is not None, log
    return milliseconds


@pytest.mark.only_on_aws("the embedded AWS reports no start")
def test_a_start_with_byte_code_is_faster(live: Live) -> None:
    """Proves that the byte code that a build must ship is used, and measures the start of `allocate` (ADR 0024)."""
    found = live.client("lambda").get_function(FunctionName=live.function(FunctionName.ALLOCATE))
    archive = urllib3.request("GET", found["Code"]["Location"]).data
    seconds = {
        what: statistics.median(start(live, found["Configuration"], code)) / 1000
        for what, code in {"with": archive, "without": without_byte_code(archive)}.items()
    }
    for what, taken in seconds.items():
        live.figure(f"start of allocate {what} byte code", taken)

    assert seconds["with"] < seconds["without"]


@pytest.mark.only_on_aws("a local run builds its functions for this machine")
def test_functions_run_as_they_are_configured(live: Live) -> None:
    """Proves that AWS accepted runtime, processor and memory of each function (docs/local.md)."""
    functions = live.client("lambda")
    found = [functions.get_function_configuration(FunctionName=live.function(name)) for name in FunctionName]

    assert {entry["State"] for entry in found} <= {"Active", "Inactive"}
    assert {tuple(entry["Architectures"]) for entry in found} == {("arm64",)}
    assert {entry["LastUpdateStatus"] for entry in found} == {"Successful"}
