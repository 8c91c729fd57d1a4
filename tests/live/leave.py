"""`python -m tests.live.leave`: deletes what a killed run of the live suite left, by its ledger.

It needs the variables of that run. Exit codes: 0 nothing is left, 1 something is, 2 nobody asked.
"""

from __future__ import annotations

import os
import sys
from typing import Final

from tests.live.account import opened
from tests.live.optin import NotAsked
from tests.live.removal import remove_all

_WRONG_USAGE: Final = 2


def main() -> int:
    """Delete, and say what is left."""
    live = opened(os.environ)
    if isinstance(live, NotAsked):
        print(live.why, file=sys.stderr)
        return _WRONG_USAGE
    before = live.ledger.left()
    left = remove_all(live.ledger, live.place)
    print(f"{len(before)} listed, {len(before) - len(left)} deleted or not there, {len(left)} left")
    print(*(f"left: {thing}" for thing in left), sep="\n", end="\n" if left else "")
    return int(bool(left))


if __name__ == "__main__":
    sys.exit(main())
