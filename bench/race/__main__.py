"""`make race` and `make faults`: a local service, a load, and its judge.

Exit codes: 0 every property holds, 1 one is broken (it is named), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from atmosphere.local.service import LocalService
from bench.race.course import race, storm
from bench.race.report import described, table
from bench.race.scene import CLEANING, SCENE, SESSION, SETTINGS, add_pools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.race.course import Result

_EXAMPLE: Final = Path(__file__).parents[2] / "config"
_PATIENCE: Final = (
    1.0 * SESSION + CLEANING + 100
)  # seconds until all rests: deadlines, then cleanings, of which some are killed
_STEP: Final = 250  # requests between two lines of progress
_LIVES: Final = 10  # allocations, likewise
_RATES: Final = (0.01, 0.1, 0.3)


def main(words: Sequence[str] | None = None) -> int:
    """Run what is asked for, and print it; the exit code."""
    asked = _parser().parse_args(words)
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as scratch:
        config = Path(scratch) / "config"
        shutil.copytree(_EXAMPLE, config)
        add_pools(config)
        with LocalService(config, settings=SETTINGS, ticker=1.0) as service:
            print("the local service runs", file=sys.stderr)
            results = [_told(result, as_json=asked.json) for result in _results(service, asked, seed)]
    if asked.json:
        print(json.dumps([described(result) for result in results], indent=2))
    return 0 if all(result.holds for result in results) else 1


def _results(service: LocalService, asked: argparse.Namespace, seed: int) -> Iterator[Result]:
    if asked.what == "race":
        yield race(
            service,
            SCENE,
            requests=asked.requests,
            threads=asked.threads,
            seed=seed,
            kills=asked.kills,
            patience=_PATIENCE,
            progress=_every(_STEP, "requests are answered"),
        )
        return
    for rate in asked.rate or _RATES:
        yield storm(
            service,
            SCENE,
            rate=rate,
            lives=asked.lives,
            threads=asked.threads,
            seed=seed,
            patience=_PATIENCE,
            progress=_every(_LIVES, f"allocations have ended at {rate:.0%}"),
        )


def _every(step: int, said: str) -> Callable[[int], None]:
    def tell(done: int) -> None:
        if done % step == 0:
            print(f"{done} {said}", file=sys.stderr, flush=True)

    return tell


def _told(result: Result, *, as_json: bool) -> Result:
    print(table(result), file=sys.stderr if as_json else sys.stdout, flush=True)
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.race", description=__doc__)
    parser.add_argument("--seed", type=int, help="the seed of all dice (default: drawn, and printed)")
    parser.add_argument("--json", action="store_true", help="print JSON on standard output, and the tables on error")
    what = parser.add_subparsers(dest="what", required=True)
    racing = what.add_parser("race", help="random requests of many threads while workers are killed")
    racing.add_argument("--requests", type=int, default=20_000)
    racing.add_argument("--threads", type=int, default=64)
    racing.add_argument("--kills", type=float, default=2.0, help="workers killed for each hundred requests")
    storming = what.add_parser("faults", help="allocations while a share of all AWS calls fails")
    storming.add_argument("--rate", type=float, action="append", help=f"the share; default: {_RATES}, in turn")
    storming.add_argument("--lives", type=int, default=40, help="allocations for each share")
    storming.add_argument("--threads", type=int, default=8)
    return parser


if __name__ == "__main__":
    sys.exit(main())
