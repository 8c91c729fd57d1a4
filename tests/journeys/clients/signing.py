"""What AWS clients really sign: an STS on loopback that reads the credential scope, and each client with its command.

The account is that of the access key, by a table; the region is the one in the signature.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT: Final = Path(__file__).parents[3]
NPM: Final = ROOT / ".cache" / "npm" / "node_modules"
HERE: Final = Path(__file__).parent
BIN: Final = Path(sys.executable).parent
CLIENTS: Final[Mapping[str, str]] = {
    "boto3": f"{sys.executable} {HERE / 'identify.py'}",
    "AWS CLI": f"{BIN / 'aws'} sts get-caller-identity",
    "JavaScript SDK": f"node {HERE / 'identify.mjs'} {NPM}",
    "CDK CLI": f"{NPM / '.bin' / 'cdk'} ls --no-notices --app 'node {HERE / 'app.cjs'}' --output cdk.out || true",
}
"""By the names of docs/clients.md; each asks STS who it is. `cdk ls` fails, because the app has no stacks."""
ACCOUNTS: Final = {"ENVIRONMENTKEY": "222222222222", "OTHERKEY": "111111111111", "DEFAULTKEY": "999999999999"}
_SCOPE: Final = re.compile(r"Credential=([^/]+)/[0-9]{8}/([^/]*)/sts/")
_REPLY: Final = (
    "<GetCallerIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><GetCallerIdentityResult>"
    "<Arn>arn:aws:sts::{account}:assumed-role/r/s</Arn><UserId>u</UserId><Account>{account}</Account>"
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"
)


@dataclass(frozen=True, slots=True, order=True)
class Signed:
    """The account, the region, and the session token of a request."""

    account: str
    region: str
    token: str = ""

    def __str__(self) -> str:
        return f"{self.account} {self.region}"


class Sts:
    """Answers everybody, and keeps what each case signed; a case is the first part of the path."""

    def __init__(self) -> None:
        self.seen: dict[str, set[Signed]] = {}
        sts = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body go in two parts: each reply would take 40 ms

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                found = _SCOPE.search(self.headers.get("Authorization", ""))
                key, region = found.groups() if found else ("", "")
                account = ACCOUNTS.get(key, "unknown")
                token = self.headers.get("X-Amz-Security-Token", "")
                sts.seen.setdefault(self.path.split("/")[1], set()).add(Signed(account, region, token))
                content = _REPLY.format(account=account).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def endpoint(self, case: str) -> str:
        """The endpoint of one case."""
        return f"http://127.0.0.1:{self._server.server_port}/{case}"

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def machine(home: Path, endpoint: str) -> dict[str, str]:
    """The variables that a shell on this machine has beside those of AWS."""
    node = subprocess.run(["sh", "-c", "command -v node"], capture_output=True, text=True, check=True).stdout.strip()
    return {
        "PATH": f"{BIN}:{Path(node).parent}:/usr/bin:/bin",
        "HOME": str(home),
        "CDK_HOME": str(home / ".cdk"),  # the CDK CLI ignores HOME, and would find accounts of an earlier case
        "LANG": "C.UTF-8",
        "NODE_NO_WARNINGS": "1",
        "CI": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": endpoint,
    }


def run(line: str, environ: Mapping[str, str], place: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell."""
    place.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        ["sh", "-c", line], env=dict(environ), cwd=place, capture_output=True, text=True, timeout=120, check=False
    )
