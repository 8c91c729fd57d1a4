"""How patient a cleanup is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How patient a cleanup is. Times are wall time; counts are rounds (list, act, list again)."""

    workers: int = 16
    canary_poll: timedelta = timedelta(seconds=1)
    canary_wait: timedelta = timedelta(seconds=90)
    """How long one pass waits to see its canary refused."""
    canary_passes: int = 3
    """After so many such passes the environment is dirty."""
    linger: timedelta = timedelta(seconds=30)
    """How long a pass waits for what is being deleted before it lets the state machine wait instead."""
    quiet_rounds: int = 4
    quiet_time: timedelta = timedelta(seconds=60)
    """No deletion succeeded for this many rounds and this long: blocked."""
    busy_time: timedelta = timedelta(minutes=5)
    """The same, while AWS says of something that it is still in use: what used it lets go of it minutes later."""
    longest_wait: timedelta = timedelta(hours=36)
    """What AWS is at work on is waited for as long as its type's time-out allows, and never longer than this."""
    custom_wait: timedelta = timedelta(minutes=15)
    """For so long a stack that waits for nothing but custom resources counts as getting on."""
    retain_after: int = 2
    """Failed deletions of a stack before it is told to let go of resources that are seen to be gone."""
