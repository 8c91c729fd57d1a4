"""Tags a version of the action, and moves the tags that callers follow once it is proven (docs/releasing.md).

`release.py tag vX.Y.Z | notes vX.Y.Z | publish vX.Y.Z`, in a clone of the commit to release. All may be repeated.
Standard library only, for the Python that runners have: the jobs that may push tags install nothing.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VERSION: Final = re.compile(r"v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
CANDIDATE: Final = "candidate"
PINNED: Final = "-pinned"
METADATA: Final = "action.yml"
SELF: Final = "uses: $/action\n"
BOT: Final = {"NAME": "github-actions[bot]", "EMAIL": "41898282+github-actions[bot]@users.noreply.github.com"}
NAMED: Final = "uses: atmosphere/allocate/action@{commit}\n"


class NotReleasable(Exception):
    """The version cannot be released; the text says why and what to do."""


def git(*arguments: str, content: str | None = None, env: Mapping[str, str] | None = None) -> str:
    """What git prints; raises `NotReleasable` with what it complains about."""
    whole = {**os.environ, **(env or {})}
    done = subprocess.run(["git", *arguments], input=content, env=whole, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotReleasable(f"git {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout


def tag(version: str) -> None:
    """Make the version's two tags, and make them the candidates, which the proving jobs use."""
    commit = git("rev-parse", "HEAD").strip()
    _on_main(commit)
    notes(version)
    wanted = _tags(version, commit)
    there = _remote_tags()
    moved = [name for name, target in wanted.items() if there.get(name, target) != target]
    if moved:
        raise NotReleasable(f"{moved[0]} is another commit already: a version is never reused, take the next number")
    _newest(version, there)
    candidates = {CANDIDATE: wanted[version], CANDIDATE + PINNED: wanted[version + PINNED]}
    _push({name: target for name, target in wanted.items() if name not in there}, candidates)


def publish(version: str) -> None:
    """Move the tags of the major version to this version; raises `NotReleasable` unless it is what was proven."""
    wanted = _tags(version, git("rev-parse", "HEAD").strip())
    there = _remote_tags()
    for name, target in wanted.items():
        for proven in (name, name.replace(version, CANDIDATE)):
            if there.get(proven) != target:
                raise NotReleasable(f"{proven} is not {target}: run the release of {version} again from its start")
    _newest(version, there)
    major = version.partition(".")[0]
    _push({}, {name.replace(version, major): target for name, target in wanted.items()})


def notes(version: str) -> str:
    """The version's part of CHANGELOG.md, and what $PROOF holds; raises `NotReleasable` if there is no such part."""
    text = Path("CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(rf"^## \[{re.escape(version[1:])}\].*\n((?:(?!## \[).*\n?)*)", text, re.MULTILINE)
    if not found:
        raise NotReleasable(f"CHANGELOG.md has no heading `## [{version[1:]}]`: write what changes, and merge it first")
    return "\n\n".join(part.strip() for part in (found.group(1), os.environ.get("PROOF", "")) if part.strip()) + "\n"


def pinned(commit: str) -> str:
    """A commit on top of this one that differs in one line: it names the nested action by the full commit.

    It has nothing of here and now in it, so that making it again makes the same commit.
    """
    text = git("show", f"{commit}:{METADATA}")
    if text.count(SELF) != 1:
        raise NotReleasable(f"{METADATA} does not have the line `{SELF.strip()}` exactly once: see docs/releasing.md")
    blob = git("hash-object", "-w", "--stdin", content=text.replace(SELF, NAMED.format(commit=commit))).strip()
    with tempfile.TemporaryDirectory() as place:
        index = {"GIT_INDEX_FILE": str(Path(place, "index"))}
        git("read-tree", commit, env=index)
        git("update-index", "--cacheinfo", f"100644,{blob},{METADATA}", env=index)
        tree = git("write-tree", env=index).strip()
    made = {**BOT, "DATE": git("show", "-s", "--format=%cI", commit).strip()}
    signature = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in made.items()}
    message = f"{METADATA} for runners that do not know $/: {commit}"
    return git("commit-tree", tree, "-p", commit, "-m", message, env=signature).strip()


def _tags(version: str, commit: str) -> dict[str, str]:
    return {version: commit, version + PINNED: pinned(commit)}


def _on_main(commit: str) -> None:
    try:
        git("merge-base", "--is-ancestor", commit, "origin/main")
    except NotReleasable as not_there:
        raise NotReleasable(f"{commit} is not on main: merge it first") from not_there


def _remote_tags() -> dict[str, str]:
    lines = git("ls-remote", "--tags", "--refs", "origin").splitlines()
    return {name.replace("refs/tags/", "", 1): target for target, name in (line.split("\t") for line in lines)}


def _newest(version: str, there: Mapping[str, str]) -> None:
    own = _numbers(version)
    newer = [name for name in there if VERSION.fullmatch(name) and own[0] == _numbers(name)[0] and _numbers(name) > own]
    if newer:
        raise NotReleasable(f"{newer[0]} is newer, and who follows v{own[0]} must not go back: take a higher number")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version[1:].split("."))


def _push(fixed: Mapping[str, str], moving: Mapping[str, str]) -> None:
    """All of them or none; only `moving` ones may be there already."""
    refs = [f"{target}:refs/tags/{name}" for name, target in fixed.items()]
    git("push", "--atomic", "origin", *refs, *(f"+{target}:refs/tags/{name}" for name, target in moving.items()))


def _show(version: str) -> None:
    sys.stdout.write(notes(version))


COMMANDS: Final[dict[str, Callable[[str], None]]] = {"tag": tag, "notes": _show, "publish": publish}


def main(arguments: list[str]) -> int:
    """The exit code: 1 if the version cannot be released, 2 for wrong usage."""
    if len(arguments) != 2 or arguments[0] not in COMMANDS or not VERSION.fullmatch(arguments[1]):  # noqa: PLR2004
        sys.stderr.write(f"usage: release.py {' | '.join(COMMANDS)} vX.Y.Z\n")
        return 2
    try:
        COMMANDS[arguments[0]](arguments[1])
    except NotReleasable as refusal:
        sys.stderr.write(f"{arguments[1]} is not released: {refusal}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
