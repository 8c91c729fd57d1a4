"""A process that has loaded the command and forks one child for each line of its input, as `atmosphere` would start.

A line is JSON: the words, and the file for its output. The answer is the child's process id, and then its exit status.
"""

from __future__ import annotations

import json
import os
import signal
import sys

import botocore.session

import atmosphere.cli.allocate
import atmosphere.cli.run
import atmosphere.client.connect
from atmosphere.cli.main import main

INTERRUPT = {signal.SIGINT}


def child(words: list[str], output: str) -> None:
    """The command, with its output in a file."""
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT)
    os.dup2(descriptor, 1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    code = main(words)
    sys.stdout.flush()
    os._exit(code)


def serve() -> None:
    """Until the input ends."""
    botocore.session.Session().get_credentials()
    main(["allocate"])
    main(["run"])  # a usage error: what is only slow the first time is over
    for line in sys.stdin:
        asked = json.loads(line)
        signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPT)
        pid = os.fork()  # an interrupt in what Python itself does here would leave a lock of logging held for ever
        signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPT)
        if pid == 0:
            child(asked["words"], asked["output"])
        sys.__stdout__.write(f"{pid}\n")  # type: ignore[union-attr]
        sys.__stdout__.flush()  # type: ignore[union-attr]
        _, status = os.waitpid(pid, 0)
        sys.__stdout__.write(f"{os.waitstatus_to_exitcode(status)}\n")  # type: ignore[union-attr]
        sys.__stdout__.flush()  # type: ignore[union-attr]


if __name__ == "__main__":
    assert {atmosphere.cli.allocate, atmosphere.cli.run, atmosphere.client.connect}
    serve()
