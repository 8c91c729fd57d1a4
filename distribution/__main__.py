"""Builds both wheels: `python -m distribution [DIRECTORY] [vX.Y.Z]`; exit code 1 if that is not the tree's version."""

from __future__ import annotations

import sys
from pathlib import Path

from distribution import client, service
from distribution.wheels import project


def main(arguments: list[str]) -> int:
    """Print the path of each wheel."""
    directory, wanted = [*arguments, *("dist", "")[len(arguments) :]]
    version = project()["version"]
    if wanted not in {"", f"v{version}"}:
        sys.stderr.write(f"pyproject.toml has version {version}, not {wanted}: change it, and merge that first\n")
        return 1
    for wheel in (client.build(Path(directory)), service.build(Path(directory))):
        print(wheel)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
