"""Writes the table of templates that the AWS CDK publishes for its toolkit, or compares it: `--check`.

For each pinned release of the npm package `aws-cdk`: its own command line prints the template as `cdk bootstrap` sends
it. A release belongs here if its template is another than that of the release before it. Needs npm and node; a new
release with a new template is one more line in `RELEASES`, and a run of this script.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "service"))

from atmosphere.cleanup.contents.bootstrap import TABLE, digest_of  # noqa: E402 - the path above comes first

RELEASES: Final = (
    "2.1000.0",
    "2.1002.0",
    "2.1003.0",
    "2.1015.0",
    "2.1026.0",
    "2.1029.1",
    "2.1034.0",
    "2.1116.0",
    "2.1120.0",
    "2.1148.0",
)


def template_of(release: str, place: Path) -> str:
    """The text that `cdk bootstrap` of a release sends. Raises `CalledProcessError`."""
    packed = ["npm", "pack", f"aws-cdk@{release}", "--silent", "--prefer-offline", "--pack-destination", str(place)]
    subprocess.run(packed, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["tar", "-xzf", str(place / f"aws-cdk-{release}.tgz"), "-C", str(place)], check=True)
    shown = subprocess.run(
        ["node", str(place / "package" / "bin" / "cdk"), "bootstrap", "--show-template", "--no-notices"],
        cwd=place,
        env={"PATH": os.environ["PATH"], "HOME": str(place), "CDK_DISABLE_CLI_TELEMETRY": "true"},
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return shown.stdout


def row_of(release: str, text: str, before: str | None) -> dict[str, Any]:
    """A row of the table. Raises `ValueError` for a template that lacks a resource of the one before it.

    Such a step is not known yet: the baseline would miss what it takes away.
    """
    template = yaml.safe_load(text)
    earlier = yaml.safe_load(before) if before else template
    if gone := earlier["Resources"].keys() - template["Resources"].keys():
        raise ValueError(f"the template of aws-cdk {release} drops {sorted(gone)}: see `baseline.growth` first")
    added = [name for name in template["Parameters"] if name not in earlier["Parameters"]]
    return {
        "cdk": release,
        "version": int(template["Resources"]["CdkBootstrapVersion"]["Properties"]["Value"]),
        "digest": digest_of(text),
        "adds": {name: str(template["Parameters"][name].get("Default", "")) for name in added},
    }


def table() -> str:
    """The table as it should be. Takes some seconds for each release."""
    rows: list[dict[str, Any]] = []
    before: str | None = None
    for release in RELEASES:
        with tempfile.TemporaryDirectory() as place:
            text = template_of(release, Path(place))
        rows.append(row_of(release, text, before))
        before = text
    return json.dumps(rows, indent=1) + "\n"


def main(arguments: list[str]) -> int:
    """Write the table; with `--check` only say whether it is as it should be."""
    text = table()
    if "--check" in arguments:
        return 0 if text == TABLE.read_text(encoding="utf-8") else 1
    TABLE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
