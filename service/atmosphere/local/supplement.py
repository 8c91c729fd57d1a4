"""Runs the embedded AWS with five things that it lacks, four of which the CDK needs. `.emulator`'s interpreter runs it.

The tags of a bucket of a stack: `auto_delete_objects` empties only a bucket that has its tag.
The repository that DescribeRepositories names: the role that publishes images may describe one repository only.
The import of a bucket that exists: its validation takes every name that exists for a conflict.
Tables that a stack has kept: the next one of the same name would empty them, and so would one that names them.
Line breaks in what a policy's `*` or `?` stands for: a path of the API may hold one.

Sources: CloudFormation reference, AWS::S3::Bucket, `Tags`; Service Authorization Reference, Amazon ECR; CloudFormation
API reference, CreateChangeSet, `ImportExistingResources`; IAM User Guide, JSON policy elements, `Resource`: a wildcard
stands for any characters.
"""

# ruff: noqa: SLF001 - the embedded AWS offers no other way to add to it

from __future__ import annotations

import json
import re
import sys
from contextvars import ContextVar
from functools import cache
from typing import Any
from uuid import uuid4
from xml.etree.ElementTree import Element, SubElement, tostring

from ministack.app import main  # type: ignore[import-not-found]
from ministack.core import iam_actions, iam_evaluator  # type: ignore[import-not-found]
from ministack.services import dynamodb, s3  # type: ignore[import-not-found]
from ministack.services.cloudformation import changesets, provisioners  # type: ignore[import-not-found]

_resource = iam_actions.extract_resource_arn
_conflict = provisioners.s3_bucket_name_conflict
_tables = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
_create_table = _tables["create"]
_matcher = iam_evaluator._fnmatch_compile
_deploy = changesets._deploy_stack_async
_imported: ContextVar[frozenset[str]] = ContextVar("imported", default=frozenset())


def _tagging(tags: list[dict[str, str]]) -> bytes:
    """The body of PutBucketTagging."""
    body = Element("Tagging", xmlns=s3.S3_NS)
    listed = SubElement(body, "TagSet")
    for tag in tags:
        entry = SubElement(listed, "Tag")
        for name in ("Key", "Value"):
            SubElement(entry, name).text = str(tag[name])
    return tostring(body)


def _resource_or_repository(service: str, *request: Any) -> Any:
    """What a request is allowed or denied on; the arguments are method, path, headers, body, query, region, account."""
    known = _resource(service, *request)
    if service == "ecr" and known == "*":
        *_, body, _, region, account = request
        names = json.loads(body or b"{}").get("repositoryNames") or []
        if len(names) == 1:
            return f"arn:aws:ecr:{region}:{account}:repository/{names[0]}"
    return known


@cache
def _matcher_over_lines(pattern: str, ignore_case: bool) -> re.Pattern[str]:  # noqa: FBT001 - its own signature
    """What a pattern of a policy matches."""
    known = _matcher(pattern, ignore_case)
    return re.compile(known.pattern, known.flags | re.DOTALL)


async def _deploy_with_imports(*request: Any, imports: dict[str, dict[str, str]] | None = None, **options: Any) -> Any:
    """The execution of a change set, which knows the names that it imports; each has a task of its own."""
    _imported.set(frozenset(name for identifier in (imports or {}).values() for name in identifier.values()))
    return await _deploy(*request, imports=imports, **options)


def _conflict_unless_imported(name: str) -> str | None:
    return None if name in _imported.get() else _conflict(name)


def _create_table_of_its_own(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
    """With the seed by which buckets get a name of each stack's own; one that exists is not made."""
    if properties.get("TableName") in dynamodb._tables:
        raise ValueError(f"{properties['TableName']} already exists")
    if not properties.get("TableName") and not provisioners._NAME_SEED.get():
        provisioners._NAME_SEED.set(uuid4().hex[:8])
    return _create_table(logical_id, properties, stack)


if __name__ == "__main__":
    tags = ("Tags", _tagging, s3._put_bucket_tagging, s3._delete_bucket_tagging)
    provisioners._S3_BUCKET_CONFIGURATIONS += (tags,)
    iam_actions.extract_resource_arn = _resource_or_repository
    iam_evaluator._fnmatch_compile = _matcher_over_lines
    _tables["create"] = _create_table_of_its_own
    changesets._deploy_stack_async = _deploy_with_imports
    provisioners.s3_bucket_name_conflict = _conflict_unless_imported
    sys.exit(main())
