"""`PYTHON -I -B -X utf8 <this directory> main | post | credentials LEASE_FILE`: what shims and profiles start."""

from __future__ import annotations

import sys

from atmosphere_action.entry import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
