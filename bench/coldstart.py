"""Times the cold start of each function: from its first import to its last client, beside bare boto3 with the same.

Both run in a process of their own, in changing order, from assets with byte code; what an interpreter does at its end
is left out. CPU time, because the machine has other work. Alone: `python -m bench.coldstart`.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from atmosphere.contract import FUNCTIONS, Env, FunctionName
from infra import assets
from infra.target import Target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BAR: Final = 0.85
BAR_OF_OTHERS: Final = 0.9
ROUNDS: Final = 15
MEGABYTES_BAR: Final = 45
_OURS: Final = "from atmosphere.handlers import {module}"
_BARE: Final = "import boto3; made = [boto3.client(name) for name in {clients}]"
_TOLD: Final = """
import os, re, time
used = time.process_time()
peak = re.search(r"VmHWM:\\s+([0-9]+) kB", open("/proc/self/status").read())
print(used, int(peak[1]) / 1024, flush=True)
os._exit(0)
"""
"""The peak of this program alone: what `getrusage` says includes that of the process that started it, before it did."""
CLIENTS: Final[Mapping[FunctionName, Sequence[str]]] = {
    FunctionName.ALLOCATE: ("dynamodb", "dynamodb", "sts", "s3"),
    FunctionName.REFRESH: ("dynamodb", "dynamodb", "sts", "s3"),
    FunctionName.HEARTBEAT: ("dynamodb", "dynamodb", "s3"),
    FunctionName.DEALLOCATE: ("dynamodb", "dynamodb", "stepfunctions", "s3"),
    FunctionName.OPERATE: ("dynamodb", "dynamodb", "stepfunctions", "s3"),
    FunctionName.QUERY: ("dynamodb", "dynamodb", "s3"),
    FunctionName.RECONCILE: ("dynamodb", "dynamodb", "stepfunctions", "s3"),
    FunctionName.PUBLISH: ("dynamodb", "dynamodb", "stepfunctions", "s3"),
    FunctionName.AUTHORIZE: ("dynamodb", "s3"),
    FunctionName.WEBHOOK: ("dynamodb", "dynamodb", "stepfunctions", "s3", "secretsmanager"),
}
"""Those of 2026-11-29, when the bars were set; since ADR 0033 only functions that read reports or baselines have S3's.

The cleanup's clients are those of whatever it finds, so it is not here.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdStart:
    """One function: CPU milliseconds of a start and of the bare one, their paired ratio, and megabytes at most."""

    function: FunctionName
    milliseconds: float
    bare: float
    ratio: float
    megabytes: float


def cold_starts(functions: Sequence[FunctionName] = tuple(CLIENTS), rounds: int = ROUNDS) -> list[ColdStart]:
    """Measure each; the first start of each side warms the disk."""
    with tempfile.TemporaryDirectory() as scratch:
        return [_measured(function, Path(scratch) / function, rounds) for function in functions]


def _measured(name: FunctionName, scratch: Path, rounds: int) -> ColdStart:
    function = next(function for function in FUNCTIONS if function.name is name)
    ours = assets.build(function.services, Target.HOST, verifies_tokens=function.verifies_tokens).directory
    plain = assets.plain(scratch, CLIENTS[name])
    sides = {
        ours: _OURS.format(module=name.value.replace("-", "_")) + _TOLD,
        plain: _BARE.format(clients=CLIENTS[name]) + _TOLD,
    }
    samples: dict[Path, list[tuple[float, float]]] = {ours: [], plain: []}
    for number in range(rounds + 1):
        for side in random.sample([*sides], 2):
            sample = _start(side, sides[side], function.variables)
            if number:
                samples[side].append(sample)
    times, bare = ([used * 1000 for used, _ in samples[side]] for side in (ours, plain))
    return ColdStart(
        function=name,
        milliseconds=median(times),
        bare=median(bare),
        ratio=median(own / other for own, other in zip(times, bare, strict=True)),
        megabytes=max(size for _, size in samples[ours]),
    )


def _start(asset: Path, script: str, variables: Sequence[Env]) -> tuple[float, float]:
    """CPU seconds and megabytes of one start, as Lambda would make it: nothing but the asset, and nothing written."""
    environment = of_lambda(str(asset), **{variable.value: "{}" for variable in variables})
    run = subprocess.run(
        [sys.executable, "-S", "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    used, size = run.stdout.split()
    return float(used), float(size)


def of_lambda(asset: str, **variables: str) -> dict[str, str]:
    """The environment variables of a function's process: nothing but its asset, its own, and keys of nobody."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": asset,
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        **variables,
    }


def bar_of(function: FunctionName) -> float:
    """What a function's ratio may be."""
    return BAR if function is FunctionName.ALLOCATE else BAR_OF_OTHERS


def kept(found: Sequence[ColdStart]) -> bool:
    """Whether every bar is kept."""
    return all(one.ratio <= bar_of(one.function) and one.megabytes <= MEGABYTES_BAR for one in found)


def table(found: Sequence[ColdStart]) -> str:
    """The figures as Markdown."""
    rows = "\n".join(
        f"| {one.function} | {one.milliseconds:.0f} | {one.bare:.0f} | {one.ratio:.2f} | {bar_of(one.function)} "
        f"| {one.megabytes:.0f} |"
        for one in found
    )
    return f"""
## Cold start

From a function's first import to its last client, in CPU milliseconds, beside bare boto3 with the same clients.
Each starts in a process of its own, in changing order; both have byte code, and the end of the interpreter is left out.
The ratio is the median of {ROUNDS} pairs; a function may use {MEGABYTES_BAR} MB.
The bare side has the clients that the function had when the bar was set; S3's is no longer made at a start.

| function | ms | bare, ms | ratio | bar | MB |
| --- | ---: | ---: | ---: | ---: | ---: |
{rows}
"""


def main() -> int:
    """Print the table; the exit code says whether all bars are kept."""
    found = cold_starts()
    print(table(found))
    return 0 if kept(found) else 1


if __name__ == "__main__":
    sys.exit(main())
