"""Things that are read one by one: one that cannot be read is named, and hides nothing beside it.

Whoever has an account to himself may refuse everybody one thing (a key, a vault, a bucket, by its policy). That one is
unknown from then on, and everything beside it is still found, compared and deleted. What befalls the service as a whole
is no answer about a single thing: being too fast, or not reaching it, ends the reading.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError  # noqa: A004

from atmosphere.cleanup.catalogue.base import Found, Unread
from atmosphere.faults import THROTTLED, code_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

Read = TypeVar("Read")


def apart(
    ids: Iterable[str], read: Callable[[str], Iterable[Read]], absent: Collection[str] = ()
) -> Iterator[Read | Unread]:
    """What `read` brings of each, or that it could not be read; codes that are `absent` mean that it is not there."""
    for identity in ids:
        try:
            found = list(read(identity))
        except (ConnectionError, HTTPClientError):
            raise
        except (ClientError, BotoCoreError) as error:
            code = code_of(error)
            if code in THROTTLED:
                raise
            if code not in absent:
                yield Unread(identity, code)
            continue
        yield from found


def insides(ids: Iterable[str], read: Callable[[str], Iterable[Any]]) -> dict[str, Any]:
    """What `read` brings of each by its id, an `Unread` where it failed; nothing of one that is not there."""
    told = apart(ids, lambda identity: [(identity, inside) for inside in read(identity)])
    return dict((each.id, each) if isinstance(each, Unread) else each for each in told)


def complete(entries: Iterable[Found | Unread], operation: str) -> Iterator[Found]:
    """All that was found. Raises `ClientError` at the end when something could not be read."""
    unread = None
    for each in entries:
        if isinstance(each, Unread):
            unread = each
        else:
            yield each
    if unread is not None:
        raise ClientError({"Error": {"Code": unread.code, "Message": f"{unread.id} cannot be read"}}, operation)
