"""Takes the picture of the documents anew: `python -m tests.status.picture docs/status.png`."""

from __future__ import annotations

import base64
import sys
import tempfile
from pathlib import Path

from botocore.credentials import Credentials

from atmosphere.client.client import AtmosphereClient
from atmosphere.status.asking import ask
from atmosphere.status.overview import overview
from atmosphere.status.page import html
from tests.client.conftest import Service
from tests.status.browser import browser
from tests.status.told import AT, Told

SIZE = (1180, 1105)
SCALE = 0.78


def page() -> str:
    """The page of the scripted service."""
    service = Service()
    service.script = [Told()]
    try:
        client = AtmosphereClient(service.endpoint, credentials=Credentials("operator", "signs"))
        return html(overview(ask(client, AT)))
    finally:
        service.stop()


def take(target: Path) -> None:
    """A picture of the top of the page, in light."""
    with tempfile.TemporaryDirectory() as place, browser() as window:
        file = Path(place) / "status.html"
        file.write_text(page(), encoding="utf-8")
        window.look("light", *SIZE)
        window.open(file)
        clip = {"x": 0, "y": 0, "width": SIZE[0], "height": SIZE[1], "scale": SCALE}
        taken = window.cdp("Page.captureScreenshot", format="png", clip=clip)
        target.write_bytes(base64.b64decode(taken["data"]))


if __name__ == "__main__":
    take(Path(sys.argv[1]))
