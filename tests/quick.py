"""What makes tests of whole cleanings quick: they look at the types of a dozen services only.

A look at the whole catalogue is most of the time that such a test takes. All of it is looked at where that is the
point: `tests/cleanup/test_embedded_listings.py`, `test_everything_at_once.py`, `tests/journeys/test_draining.py`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue import CATALOGUE

_SERVICES: Final = frozenset(
    {"dynamodb", "ecr", "events", "iam", "kms", "lambda", "logs", "route53", "s3", "sns", "sqs", "ssm"}
)
ELSEWHERE: Final = tuple(entry.name for entry in CATALOGUE if entry.service not in _SERVICES)
"""The other types, for `skipped_types` of the settings."""
FEW_TYPES: Final = {"skipped_types": ",".join(ELSEWHERE)}
"""As a setting of a local service."""
