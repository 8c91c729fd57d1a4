"""Runs workflows with the real `act` in host mode: no Docker, no network, its own home, cache and folder of tools."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.journeys.action.staging import ACTION
from tests.journeys.api import until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ACT: Final = Path(sys.executable).with_name("act")
REPOSITORY: Final = "example-org/example-repo"
TOOLS: Final = (
    "bash",
    "sh",
    "cat",
    "chmod",
    "cp",
    "env",
    "find",
    "git",
    "ls",
    "mkdir",
    "mv",
    "node",
    "rm",
    "sed",
    "sleep",
    "tee",
    "touch",
)
_TOLD: Final = frozenset({"envs.txt", "outputcmd.txt", "pathcmd.txt", "statecmd.txt"})
_PATIENCE: Final = 150  # seconds that any run may take
_FILE: Final = ".github/workflows/journey.yml"


def step(command: str, **more: Any) -> dict[str, Any]:
    """A step that runs a command."""
    return {"run": command, "shell": "bash", **more}


def job(*steps: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A job that may ask for tokens; act does not look at its permissions."""
    return {
        "runs-on": "ubuntu-latest",
        "permissions": {"id-token": "write", "contents": "read"},
        **more,
        "steps": list(steps),
    }


REACHED: Final = 'touch "$MARKS/reached"'
HOLD: Final = step(f'{REACHED}; until [ -e "$MARKS/go" ]; do sleep 0.05; done')
"""A step that lasts until it is let go, or killed."""
ALWAYS: Final = step('touch "$MARKS/always"', **{"if": "always()"})
"""A step that runs whatever became of those before."""


@dataclass(slots=True)
class Run:
    """A run of act that was started; `output` is complete when it has ended."""

    process: subprocess.Popen[bytes]
    log: Path
    marks: Path

    @property
    def output(self) -> str:
        """All that act printed so far."""
        return self.log.read_text(errors="replace")

    def until_marked(self, mark: str = "reached") -> None:
        """Return when a step has left this mark."""
        until(lambda: (self.marks / mark).exists() or self.process.poll() is not None, f"the workflow reaches {mark}")
        assert (self.marks / mark).exists(), self.output

    def go(self) -> None:
        """Let go a step that holds."""
        (self.marks / "go").touch()

    def signal(self, number: signal.Signals = signal.SIGINT) -> None:
        """What act gets when somebody cancels."""
        self.process.send_signal(number)

    def ended(self) -> int:
        """Wait for the end; its exit code: 0 if all jobs succeeded."""
        try:
            return self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"act did not end:\n{self.output}") from None


@dataclass(frozen=True, slots=True)
class Caller:
    """A repository whose workflow uses the action, and the machine that its jobs run on, all in one directory.

    `stage` is the copy of the action, `environment` what the machine gives every job.
    """

    directory: Path
    stage: Path
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def home(self) -> Path:
        return self.directory / "home"

    @property
    def tools(self) -> Path:
        """The only folder in the job's PATH."""
        return self.directory / "tools"

    @property
    def repository(self) -> Path:
        return self.directory / "repository"

    @property
    def marks(self) -> Path:
        """Where steps and tests tell each other how far they are."""
        return self.directory / "marks"

    def prepare(self) -> None:
        """Make the machine, and a repository with nothing in it."""
        for made in (self.home, self.tools, self.marks, self.repository):
            made.mkdir(parents=True)
        for name in TOOLS:
            found = shutil.which(name)
            assert found, f"{name} is not on the PATH"
            (self.tools / name).symlink_to(found)
        (self.tools / "python3").symlink_to(Path(sys.executable).resolve())

    def write(self, name: str, text: str) -> None:
        """Put a file into the repository."""
        path = self.repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def start(self, jobs: Mapping[str, Any], *, environment: Mapping[str, str] = {}, flags: Sequence[str] = ()) -> Run:
        """Start a workflow with these jobs, as a push to the main branch does; `flags` are further ones of act."""
        self.write(_FILE, json.dumps({"name": "journey", "on": "push", "jobs": jobs}, indent=1))
        self._commit()
        log = self.directory / "act.log"
        words = [str(ACT), "push", "-C", str(self.repository), "-W", _FILE, "-P", "ubuntu-latest=-self-hosted"]
        words += ["--local-repository", f"{ACTION}={self.stage}", "--action-cache-path", str(self.directory / "cache")]
        words += ["--no-cache-server", "--pull=false", *flags]
        with log.open("wb") as out:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**self._machine(), **self.environment, **environment},
                start_new_session=True,
            )
        return Run(process, log, self.marks)

    def _machine(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "PATH": str(self.tools),
            "LANG": "C.UTF-8",
            "MARKS": str(self.marks),
            "TOOLS": str(self.tools),
            "STAGE": str(self.stage),
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _commit(self) -> None:
        who = ("-c", "user.name=journey", "-c", "user.email=journey@example.com", "-c", "init.defaultBranch=main")
        commands: Sequence[Sequence[str]] = (
            ("init", "--quiet"),
            ("add", "--all"),
            ("commit", "--quiet", "--message", "A workflow"),
            ("remote", "add", "origin", f"https://github.com/{REPOSITORY}"),
        )
        quiet = {"PATH": os.environ["PATH"], "HOME": str(self.home), "GIT_CONFIG_NOSYSTEM": "1"}
        for command in commands:
            subprocess.run(["git", *who, *command], cwd=self.repository, check=True, env=quiet)

    def left_behind(self) -> dict[str, bytes]:
        """Every file of the machine after a run, but those in which steps tell the runner values.

        act leaves them, with the whole machine, where a job failed; GitHub's runner removes them.
        """
        found = (path for path in self.directory.rglob("*") if path.is_file() and not path.is_symlink())
        return {str(path.relative_to(self.directory)): path.read_bytes() for path in found if path.name not in _TOLD}
