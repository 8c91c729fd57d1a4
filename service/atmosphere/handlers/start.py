"""How a function starts on AWS: its clients are made before its first request, and nothing is collected until then.

Lambda imports a function's module once for each container. Clients made then cost the first request nothing, and what
is there then stays as long as the container, so that looking through it again and again is wasted (ADR 0024).
Anywhere else nothing happens: tests import these modules, too.
"""

from __future__ import annotations

import gc
import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.wiring import App


def is_lambda() -> bool:
    """Whether this is a Lambda's process."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ


def begin() -> None:
    """Called before the first import of a function's module.

    What is AWS's comes before what is ours: the other way round a start takes a tenth longer (`bench/coldstart.py`).
    """
    if is_lambda():
        gc.disable()
        import_module("atmosphere.adapters.clients")


def ready(makes: Callable[[App], object]) -> None:
    """Called as the last line of a function's module; `makes` names the ports that every request needs."""
    if not is_lambda():
        return
    from atmosphere.wiring import app  # noqa: PLC0415 -- a module that is only imported wires nothing

    makes(app())
    gc.freeze()
    gc.enable()
