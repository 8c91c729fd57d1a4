"""Whether a failed call says that AWS has no such service in a region, so that there can be nothing of it.

Two answers have to agree: AWS's DNS says that the name of the service's endpoint does not exist, and botocore's list of
endpoints, where it has one of the service, lacks the region. A name that could not be looked up, or a region that the
list has, is no such answer: the listing is unknown. Source: botocore's endpoints.json; `getaddrinfo`, EAI_NONAME.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import EndpointConnectionError

from atmosphere.cleanup.aws.sessions import regions_of
from atmosphere.cleanup.model import GLOBAL

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

_NO_SUCH_NAME: Final = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


def is_not_offered(error: ClientError | BotoCoreError, service: str, region: str) -> bool:
    """Whether the service does not exist in the region; global services exist everywhere."""
    if region == GLOBAL or not isinstance(error, EndpointConnectionError):
        return False
    return _has_no_name(error) and region not in regions_of(service)


def _has_no_name(error: EndpointConnectionError) -> bool:
    """Whether DNS answered that there is no such name; urllib3 keeps its answer as a cause."""
    cause: Any = error.kwargs.get("error")
    while cause is not None and not isinstance(cause, socket.gaierror):
        cause = cause.__cause__
    return cause is not None and cause.errno in _NO_SUCH_NAME
