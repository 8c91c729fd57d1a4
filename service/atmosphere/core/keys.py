"""Environments as paths and queries of the API name them.

What cannot be one is told apart here: as the key of a table it could be too long for DynamoDB, which looks like a
dependency that failed, and "try later" would never come true.
"""

from __future__ import annotations

import re
from typing import Final

from atmosphere.core import forms
from atmosphere.core.errors import InvalidRequest, UnknownEnvironment
from atmosphere.core.model import AccountId, EnvironmentKey, Region

_PATH: Final = re.compile(f"({forms.ACCOUNT})/({forms.REGION})")


def environment_key(account: str, region: str) -> EnvironmentKey:
    """The environment of a path; raises `UnknownEnvironment` where there can be none."""
    key = EnvironmentKey(AccountId(account), Region(region))
    if not _PATH.fullmatch(key.path):
        raise UnknownEnvironment
    return key


def environment_path(text: str) -> EnvironmentKey:
    """The environment of a query, ACCOUNT/REGION; raises `InvalidRequest`."""
    if not _PATH.fullmatch(text):
        raise InvalidRequest("'environment' is not ACCOUNT/REGION, e.g. 222222222222/us-east-1")
    return EnvironmentKey.parse(text)
