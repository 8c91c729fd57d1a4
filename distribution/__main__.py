"""Builds what a release hands out: `python -m distribution [DIRECTORY] [vX.Y.Z]`.

Two wheels and the bills of materials. Exit code 1, and nothing is built, if that is not the tree's version.
"""

from __future__ import annotations

import sys
from pathlib import Path

from distribution import bills, client, service
from distribution.wheels import project


def main(arguments: list[str]) -> int:
    """Print the path of each file."""
    directory, wanted = [*arguments, *("dist", "")[len(arguments) :]]
    version = project()["version"]
    if wanted not in {"", f"v{version}"}:
        sys.stderr.write(f"pyproject.toml has version {version}, not {wanted}: change it, and merge that first\n")
        return 1
    place = Path(directory)
    for made in (client.build(place), service.build(place), *bills.write(place)):
        print(made)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
