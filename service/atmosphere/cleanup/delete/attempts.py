"""What becomes of an attempt to change something: nothing to tell, or a trouble. AWS's "no" is a value from here on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from atmosphere.cleanup.catalogue import dated as dates
from atmosphere.cleanup.catalogue import type_of
from atmosphere.cleanup.catalogue.buckets import ObjectsRemain
from atmosphere.cleanup.catalogue.generic import NoHandler
from atmosphere.cleanup.model import Meaning, MutationRefused, Trouble
from atmosphere.faults import ORGANIZATION_DENIES, code_of, is_denied_by_organization

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.model import Resource

MESSAGE: Final = 500
"""Characters of an AWS message that a report carries."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt; no trouble means that AWS accepted it, not that the resource is gone."""

    item: Resource
    trouble: Trouble | None = None


def attempt(item: Resource, action: Callable[[], object], *, stack: str | None = None) -> Outcome:
    """Try it. AWS's "no" becomes a trouble unless it says that all is well; whatever else is raised flies."""
    try:
        action()
    except ClientError as error:
        return _refused(item, error, stack=stack)
    except (BotoCoreError, ResponseParserError) as error:
        return _troubled(item, type(error).__name__, str(error), stack=stack)
    except MutationRefused as error:
        return _troubled(item, "guarded", str(error), stack=stack, meaning=Meaning.FATAL)
    except NoHandler as error:
        return _troubled(item, error.code, str(error), stack=stack, meaning=Meaning.FATAL)
    except ObjectsRemain as error:
        meaning = Meaning.FATAL if error.until else Meaning.PASSING
        return _troubled(item, error.code, str(error), stack=stack, meaning=meaning, until=error.until)
    return Outcome(item)


def _refused(item: Resource, error: ClientError, *, stack: str | None) -> Outcome:
    """What the organization refuses stays refused, so trying it again would only take time."""
    message = error.response["Error"].get("Message", "")
    if is_denied_by_organization(error):
        return _troubled(item, ORGANIZATION_DENIES, message, stack=stack, meaning=Meaning.FATAL)
    meaning = type_of(item.type).errors.meaning(code_of(error))
    if meaning in _WELL:
        return Outcome(item)
    return _troubled(item, code_of(error), message, stack=stack, meaning=meaning)


def is_final(trouble: Trouble | None) -> bool:
    """Whether an earlier attempt already had the last answer, for this cleanup."""
    return trouble is not None and (trouble.code == ORGANIZATION_DENIES or bool(trouble.until))


def dated(context: PassContext, outcome: Outcome) -> Outcome:
    """The outcome with the date on which the refusal ends, where it has one: until then it is final."""
    item, trouble = outcome.item, outcome.trouble
    if trouble is None or trouble.until or trouble.meaning is Meaning.THROTTLED:
        return outcome
    refusal = f"{trouble.code}: {trouble.message}"
    try:
        ends = dates.ends(context.account, item, refusal, context.now())
    except (ClientError, BotoCoreError):
        return outcome  # only that it was refused is known
    if ends is None:
        return outcome
    return replace(outcome, trouble=replace(trouble, meaning=Meaning.FATAL, until=ends.astimezone(UTC).isoformat()))


_WELL: Final = (Meaning.ABSENT, Meaning.UNDER_WAY)


def _troubled(
    item: Resource,
    code: str,
    message: str,
    *,
    stack: str | None,
    meaning: Meaning = Meaning.PASSING,
    until: datetime | None = None,
) -> Outcome:
    ends = until.astimezone(UTC).isoformat() if until else ""
    return Outcome(item, Trouble(code=code, message=message[:MESSAGE], stack=stack, meaning=meaning, until=ends))
