"""When credentials of an allocation are asked for again.

Source: botocore's refresh windows, in seconds before the end: it asks from 900 on, and for every call from 600 on.
"""

from __future__ import annotations

from typing import Final

RENEW_BEFORE: Final = 960.0  # seconds that credentials still have when new ones are asked for; more than botocore's 900
ASK_EVERY: Final = 60.0  # seconds; near the deadline new credentials may not be valid longer than the current ones
LEAST_LEFT: Final = 30.0  # seconds that credentials must have to be worth handing out


def due(*, left: float, since_asked: float) -> bool:
    """Whether credentials with so many seconds left, asked for so many seconds ago, are asked for again."""
    return left < LEAST_LEFT or (left < RENEW_BEFORE and not 0 <= since_asked < ASK_EVERY)
