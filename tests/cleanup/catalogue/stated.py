"""What botocore's models state of deletions: the sentences that demand something, and the codes of the errors.

A type has those of the operation that deletes it; a service has what its other operations say of deletions, as a new
kind of thing often tells there alone what it keeps from being deleted. `stated.json` has a digest of each, as it was
when the lines of docs/cleanup.md were last reviewed. After a review of what `test_demands` names,
`python -m tests.cleanup.catalogue.stated` writes it again.
"""

from __future__ import annotations

import hashlib
import json
import re
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.row import Row
from tests.cleanup.catalogue.models import operations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import OperationModel

    from atmosphere.cleanup.catalogue.base import ResourceType

REVIEWED: Final = Path(__file__).with_name("stated.json")
_CLASSES: Final = {
    "AWS::DynamoDB::Table": "delete_table",
    "AWS::EC2::DHCPOptions": "delete_dhcp_options",
    "AWS::EC2::NetworkAcl": "delete_network_acl",
    "AWS::EC2::SecurityGroup": "delete_security_group",
    "AWS::ECS::Task": "stop_task",
    "AWS::IAM::Role": "delete_role",
    "AWS::KinesisFirehose::DeliveryStream": "delete_delivery_stream",
    "AWS::Lambda::Function": "delete_function",
    "AWS::Route53::HostedZone": "delete_hosted_zone",
    "AWS::S3::Bucket": "delete_bucket",
}
"""What deletes the types that are no rows."""
_DEMANDS: Final = re.compile(
    r"\b(must|have to|need(s|ed)? to|before|first|until|unless|only|can't|cannot|can not|not supported|fails?|in use"
    r"|disassociat\w*|detach\w*|disabled?|empty|lock(ed)?|hold|protect\w*)\b",
    re.IGNORECASE,
)
_ELSEWHERE: Final = re.compile(
    r"(can't|cannot|can not) (be )?delete|before (you (can )?)?delet|must (first )?(be )?delete\b|\bto delet\w+ .* fail"
    r"|first delete|delete .* first|until .* delet|be deleted (until|unless|only|while)",
    re.IGNORECASE,
)
_MARKUP: Final = re.compile(r"<[^>]+>")
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z`])")


def removal(entry: ResourceType) -> str:
    """The operation that deletes one of a type."""
    return entry.remove.operation if isinstance(entry, Row) else _CLASSES[entry.name]


def stated(service: str, operation: str) -> list[str]:
    """The sentences of an operation's documentation that demand something, and its error codes."""
    return [*_sentences(operations(service)[operation], _DEMANDS), *codes_of(service, operation)]


def codes_of(service: str, operation: str) -> list[str]:
    """The error codes that the model of an operation names."""
    shapes = operations(service)[operation].error_shapes
    return sorted(shape.metadata.get("error", {}).get("code", shape.name) for shape in shapes)


def elsewhere(service: str, removals: frozenset[str]) -> list[str]:
    """What the other operations of a service say of deletions."""
    others = (model for name, model in sorted(operations(service).items()) if name not in removals)
    return [sentence for model in others for sentence in _sentences(model, _ELSEWHERE)]


def _sentences(model: OperationModel, pattern: re.Pattern[str]) -> list[str]:
    text = " ".join(unescape(_MARKUP.sub(" ", model.documentation or "")).split())
    return [each for each in _SENTENCE.split(text) if pattern.search(each)]


def digest(told: list[str]) -> str:
    """What is kept of it."""
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def now() -> dict[str, list[str]]:
    """What the installed models state, by type and by service."""
    removals: dict[str, set[str]] = {}
    for entry in CATALOGUE:
        removals.setdefault(entry.service, set()).add(removal(entry))
    by_type = {entry.name: stated(entry.service, removal(entry)) for entry in CATALOGUE}
    return by_type | {service: elsewhere(service, frozenset(its)) for service, its in removals.items()}


def to_review(told: Mapping[str, list[str]], reviewed: Mapping[str, str]) -> dict[str, list[str]]:
    """The types and services of which something else is stated than when they were reviewed, and what it is now."""
    return {name: lines for name, lines in told.items() if reviewed.get(name) != digest(lines)}


if __name__ == "__main__":
    entries = {name: digest(lines) for name, lines in sorted(now().items())}
    REVIEWED.write_text(json.dumps(entries, indent=2) + "\n")
