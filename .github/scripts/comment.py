"""Writes a plan as a comment of a pull request, or updates the one that it wrote before (docs/pull-requests.md).

`comment.py --number N`, or `--commit SHA --outcome RESULT` for the pull request that this commit merged. The text is in
BODY, the token in GH_TOKEN. Standard library only: the token must not meet other packages.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import urllib.error
import urllib.request
from typing import Any, Final

MARKER: Final = re.compile(r"<!-- atmosphere-config-plan ([0-9a-f]{12}) -->\n")
AUTHOR: Final = "github-actions[bot]"
LONGEST: Final = 65_536  # characters of a comment
PAGE: Final = 100
REFUSED: Final = (401, 403)
_TIMEOUT: Final = 30  # seconds


def ask(method: str, path: str, body: object = None) -> Any:
    """One request to GitHub's API; raises `HTTPError` or `URLError`."""
    base = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {os.environ['GH_TOKEN']}",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    content = None if body is None else json.dumps(body).encode()
    url = f"{base}/repos/{os.environ['GITHUB_REPOSITORY']}/{path}"
    request = urllib.request.Request(url, data=content, headers=headers, method=method)  # noqa: S310 the runner's own URL
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as reply:  # noqa: S310
        return json.load(reply)


def earlier(number: int, marker: str) -> int | None:
    """The id of our comment that begins with the marker. Somebody else's with the same marker is left alone."""
    page = 1
    while True:
        found = ask("GET", f"issues/{number}/comments?per_page={PAGE}&page={page}")
        for comment in found:
            if comment["user"]["login"] == AUTHOR and comment["body"].startswith(marker):
                return int(comment["id"])
        if len(found) < PAGE:
            return None
        page += 1


def write(number: int, marker: str, body: str) -> None:
    """The one comment with this marker, from now on with this text."""
    known = earlier(number, marker)
    if known is None:
        ask("POST", f"issues/{number}/comments", {"body": body})
    else:
        ask("PATCH", f"issues/comments/{known}", {"body": body})


def merged_by(commit: str) -> int | None:
    """The number of the pull request that brought this commit to its branch."""
    found = ask("GET", f"commits/{commit}/pulls")
    return next((int(each["number"]) for each in found if each.get("merged_at")), None)


def deployed(body: str, outcome: str) -> str:
    """A plan as a record of its deployment, under a marker of its own, so that the plan stays beside it."""
    said = (
        "Deployed." if outcome == "success" else f"**The deployment ended with: {outcome}.** What it did is in its log."
    )
    run = "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}".format_map(os.environ)
    text = MARKER.sub(
        lambda found: f"<!-- atmosphere-config-deployed {found[1]} -->\n\n{said} [Log]({run}).\n", body, 1
    )
    return text.replace("### Plan of", "### Deployment of", 1)


def run(arguments: list[str]) -> int:
    """The step; a token that may not write is no failure, because the plan is in the summary too."""
    parser = argparse.ArgumentParser(prog="comment.py", description=__doc__)
    parser.add_argument("--number", type=int)
    parser.add_argument("--commit")
    parser.add_argument("--outcome", default="")
    given = parser.parse_args(arguments)
    body = os.environ["BODY"]
    if not MARKER.match(body) or len(body) > LONGEST:
        sys.exit("BODY is not a plan of `atmosphere config plan --format markdown`")
    try:
        number = given.number or merged_by(given.commit)
        text = deployed(body, given.outcome) if given.commit else body
        if number is None:
            print("no pull request brought this commit: nothing to comment on")
        else:
            write(number, text.partition("\n")[0], text)
    except urllib.error.HTTPError as refusal:
        if refusal.code not in REFUSED:
            raise
        print("::notice::this token may not comment; the plan is in the summary of the job")
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
