"""Mail to the people on duty, by the topic of the alarms.

The text is plain: what a test named in it cannot format, link or mention. Commands in it can be copied.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Protocol

from atmosphere.adapters.commands import commands
from atmosphere.adapters.event_texts import sentence
from atmosphere.core import inert
from atmosphere.core.events import EnvironmentEvent
from atmosphere.faults import reaching

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from atmosphere.core.events import Blocker, Event

MOST_BLOCKERS: Final = 10
_LONGEST_SUBJECT: Final = 100  # characters of ASCII, SNS
_LONGEST_ERROR: Final = 300
_REGION: Final = re.compile(r"@[a-z0-9-]+(?='? )")
"""How the address of an item ends in a command."""
_RUNBOOK: Final = "docs/operations.md explains each reason and what to do about it."


class TopicClient(Protocol):
    """The one call of SNS's client."""

    def publish(self, *, TopicArn: str, Subject: str, Message: str) -> Mapping[str, Any]:  # noqa: N803 -- AWS's names
        """Its answer names the message."""


class SnsNotices:
    """`ports.Notices`: one message for each event."""

    def __init__(self, client: TopicClient, topic: str) -> None:
        self._client = client
        self._topic = topic

    def send(self, event: Event) -> None:
        """See `Notices`."""
        with reaching("Publish"):
            self._client.publish(TopicArn=self._topic, Subject=subject(event), Message=message(event))


def subject(event: Event) -> str:
    """Without anything that a test chose."""
    named = event.key if isinstance(event, EnvironmentEvent) else event.pool
    return f"Atmosphere: {event.kind}: {named}"[:_LONGEST_SUBJECT]


def message(event: Event) -> str:
    """What happened, what is in the way, and the commands to run."""
    lines = [_upper(sentence(event)) + "."]
    if isinstance(event, EnvironmentEvent):
        lines += _facts(event)
        lines += _blockers(event)
    if to_run := commands(event):
        lines += ["", "Next:", "", *(f"  {command}" for command in to_run)]
    return "\n".join([*lines, "", _RUNBOOK, f"Event {event.id}."]) + "\n"


def _upper(text: str) -> str:
    return text if text.startswith("aws:") else text[:1].upper() + text[1:]


def _facts(event: EnvironmentEvent) -> Iterator[str]:
    yield f"Pool {event.pool}, allocation {event.allocation}, attempt {event.attempt}."
    if event.retry_at is not None:
        yield f"It is cleaned again by itself at {event.retry_at:%Y-%m-%dT%H:%M:%SZ}."


def _blockers(event: EnvironmentEvent) -> Iterator[str]:
    if not event.blockers:
        return
    yield from ("", "What keeps it from being clean:")
    for blocker in event.blockers[:MOST_BLOCKERS]:
        yield from ("", *_blocker(blocker, event))
    if len(event.blockers) > MOST_BLOCKERS:
        yield from ("", f"And {len(event.blockers) - MOST_BLOCKERS} more in the report.")


def _blocker(blocker: Blocker, event: EnvironmentEvent) -> Iterator[str]:
    yield f"- {_inert(blocker.resource)}"
    yield f"  {_inert(blocker.error[:_LONGEST_ERROR])}"
    yield f"  {_upper(_inert(blocker.what))}:"
    place = event.key.path
    yield f"  {blocker.command if _links_nothing(blocker.command, place) else f'atmosphere environment show {place}'}"


def _links_nothing(command: str, place: str) -> bool:
    """Whether a command can stand as it is: besides its environment and the region of its item it has no address."""
    chosen = _REGION.sub("", command.replace(place, ""))
    return inert.unlinked(chosen) == chosen


def _inert(text: str) -> str:
    return inert.unlinked(inert.visible(text))
