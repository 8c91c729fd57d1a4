"""For whom the Lambda assets are built, and on which runtime they run."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

RUNTIME: Final = "3.14"
"""The newest Python that AWS Lambda offers. The one place that says so."""


class Target(StrEnum):
    """`aws`: arm64 wheels for `RUNTIME`. `host`: this interpreter's, because the embedded AWS runs Lambdas on it."""

    AWS = "aws"
    HOST = "host"
