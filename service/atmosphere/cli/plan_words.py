"""The words of a plan, shared by its text and its Markdown, with a way to quote what files and tests say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atmosphere.config.rights import OPERATE, Verb
from atmosphere.core.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.config.plan import Standing
    from atmosphere.config.rights import AccessChange


def access_sentence(change: AccessChange, quote: Callable[[str], str]) -> str:
    """A change of access as one sentence."""
    right = "operate the service" if change.pool == OPERATE else f"use pool {quote(change.pool)}"
    who = quote(change.who)
    if change.verb is Verb.OTHERWISE:
        before, after = (quote(text) for text in (change.before or "any", change.after or "any"))
        return f"{who} may {right} on other conditions: {before} -> {after}"
    conditions = change.after if change.verb is Verb.GAINED else ""
    return f"{who} {change.verb} {right}{f', on these conditions: {quote(conditions)}' if conditions else ''}"


def standing(now: Standing | None, quote: Callable[[str], str]) -> str:
    """How an environment is at the moment, for whom, and until when."""
    if now is None:
        return ""
    said = f"{now.status}, deregistering" if now.deregistering else str(now.status)
    if now.held_by:
        said += f" by {quote(now.held_by)}"
    return f"{said} until {now.until}" if now.until and now.status in {Status.IN_USE, Status.CLEANING} else said


def change_of_capacity(before: int, after: int) -> str:
    """By how many, with a sign."""
    return f"{after - before:+d}" if after != before else "same"
