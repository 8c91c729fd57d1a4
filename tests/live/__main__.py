"""`make live`, or `python -m tests.live [OPTIONS OF PYTEST]`: the live suite, if somebody asked for it.

Exit codes: pytest's; 2 if nobody asked, with the variables that ask.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.live.account import opened
from tests.live.optin import VARIABLES, NotAsked

_WRONG_USAGE: Final = 2


def main(options: list[str]) -> int:
    """Run the suite."""
    live = opened(os.environ)
    if isinstance(live, NotAsked):
        print(live.why, *(f"  {name}: {meaning}" for name, meaning in VARIABLES.items()), sep="\n", file=sys.stderr)
        return _WRONG_USAGE
    print(f"account {live.account}, {live.region}, {live.endpoint}: at most {live.asked.budget} USD", file=sys.stderr)
    return int(pytest.main([str(Path(__file__).parent), "-p", "no:randomly", "--timeout=2700", "-rs", *options]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
