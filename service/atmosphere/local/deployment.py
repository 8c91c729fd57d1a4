"""Deploys a synthesized assembly to the embedded AWS with boto3: file assets, then the stack, as an account's root.

What `cdk deploy` does over the wire, without npm and without a bootstrap stack. A stack without assets leaves nothing
behind but itself, so that its account can be bootstrapped by `cdk bootstrap`. Repeatable: an asset that is there is
not sent again, a stack that is there is updated, a stack that needs no update is left alone.
"""

from __future__ import annotations

import hashlib
import json
import time
import zipfile
from typing import TYPE_CHECKING, Any, Final, TypedDict

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef, StackTypeDef
    from mypy_boto3_s3 import S3Client

    from atmosphere.local.root import Account

_LIMIT: Final = 180.0  # seconds
_POLL: Final = 0.1  # seconds
_UNUSABLE: Final = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"})
_DONE: Final = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can say
_BOOTSTRAP: Final = "/cdk-bootstrap/hnb659fds/version"


class _Template(TypedDict, total=False):
    """One of the two ways in which CloudFormation gets a template."""

    TemplateBody: str
    TemplateURL: str


class DeploymentFailed(RuntimeError):
    """A stack could not be deployed; the text names each resource that failed and why."""


def deploy(
    place: Account, *, assembly: Path, stack: str, parameters: Mapping[str, str] | None = None, name: str | None = None
) -> dict[str, str]:
    """Deploy the assembly's stack `stack` under `name` (default: the same); returns its outputs.

    Raises `DeploymentFailed` with the reasons that CloudFormation gives.
    """
    template = (assembly / f"{stack}.template.json").read_text()
    listing = assembly / f"{stack}.assets.json"
    source = _uploaded(place, assembly, listing, template) if listing.exists() else _Template(TemplateBody=template)
    asked: list[ParameterTypeDef] = [
        {"ParameterKey": key, "ParameterValue": value} for key, value in (parameters or {}).items()
    ]
    return _Stack(place, name or stack).apply(source, asked)


def _uploaded(place: Account, assembly: Path, listing: Path, template: str) -> _Template:
    """The stack's files and its template in the account's bucket; where CloudFormation finds the template."""
    bucket = f"cdk-hnb659fds-assets-{place.account}-{place.region}"
    _prepare(place, bucket)
    _upload_assets(place, assembly, json.loads(listing.read_text())["files"])
    key = f"templates/{hashlib.sha256(template.encode()).hexdigest()}.json"
    place.client("s3").put_object(Bucket=bucket, Key=key, Body=template.encode())
    return _Template(TemplateURL=f"{place.endpoint}/{bucket}/{key}")


def _prepare(place: Account, bucket: str) -> None:
    """What a template by CDK with assets expects of an account. An account where it is made cannot be bootstrapped."""
    storage = place.client("s3")
    try:
        storage.head_bucket(Bucket=bucket)
    except ClientError as missing:
        if missing.response["Error"]["Code"] not in {"404", "NoSuchBucket"}:
            raise
        storage.create_bucket(Bucket=bucket, **_location(place.region))
        place.client("ssm").put_parameter(Name=_BOOTSTRAP, Value="30", Type="String", Overwrite=True)


def _location(region: str) -> Any:
    return {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}


def _upload_assets(place: Account, assembly: Path, files: Mapping[str, Any]) -> None:
    storage = place.client("s3")
    for entry in files.values():
        for target in entry["destinations"].values():
            bucket = _filled(target["bucketName"], place)
            if not _is_there(storage, bucket, target["objectKey"]):
                source = _packed(assembly / entry["source"]["path"], entry["source"]["packaging"])
                with source.open("rb") as body:
                    storage.put_object(Bucket=bucket, Key=target["objectKey"], Body=body)


def _filled(text: str, place: Account) -> str:
    return text.replace("${AWS::AccountId}", place.account).replace("${AWS::Region}", place.region)


def _is_there(storage: S3Client, bucket: str, key: str) -> bool:
    try:
        storage.head_object(Bucket=bucket, Key=key)
    except ClientError as missing:
        if missing.response["Error"]["Code"] in {"404", "NoSuchKey"}:
            return False
        raise
    return True


def _packed(source: Path, packaging: str) -> Path:
    """The file to upload: the source itself, or its directory as a zip file that is kept beside it."""
    if packaging == "file":
        return source
    target = source.with_name(f"{source.name}.zip")
    if not target.exists():
        partial = source.with_name(f"{source.name}.{time.monotonic_ns()}.part")
        zip_directory(source, partial)
        partial.replace(target)
    return target


def zip_directory(source: Path, target: Path) -> None:
    """Pack a directory: equal files give equal bytes. Not compressed, since it is unpacked at every cold start."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(source.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(source).as_posix(), _EPOCH)
                entry.external_attr = 0o100644 << 16
                archive.writestr(entry, path.read_bytes())


class _Stack:
    """One stack: created, or updated, and awaited."""

    def __init__(self, place: Account, name: str) -> None:
        self._formation = place.client("cloudformation")
        self._name = name

    def apply(self, source: _Template, parameters: list[ParameterTypeDef]) -> dict[str, str]:
        now = self._description()
        if now is not None and now["StackStatus"] in _UNUSABLE:
            self._formation.delete_stack(StackName=self._name)
            self._settled()
            now = None
        change = self._formation.create_stack if now is None else self._formation.update_stack
        try:
            change(
                StackName=self._name,
                **source,
                Parameters=parameters,
                Capabilities=["CAPABILITY_NAMED_IAM"],
            )
        except ClientError as refused:
            if "No updates are to be performed" not in str(refused):
                raise DeploymentFailed(f"stack {self._name} was refused: {refused}") from refused
        return self._outputs(self._settled())

    def _outputs(self, settled: StackTypeDef | None) -> dict[str, str]:
        if settled is None or settled["StackStatus"] not in _DONE:
            status = "gone" if settled is None else settled["StackStatus"]
            reasons = "\n  ".join(self._reasons()) or "CloudFormation reports no reason"
            raise DeploymentFailed(f"stack {self._name} is {status}:\n  {reasons}")
        return {output["OutputKey"]: output["OutputValue"] for output in settled.get("Outputs", [])}

    def _description(self) -> StackTypeDef | None:
        try:
            return self._formation.describe_stacks(StackName=self._name)["Stacks"][0]
        except ClientError as missing:
            if "does not exist" in str(missing):
                return None
            raise

    def _settled(self) -> StackTypeDef | None:
        """The stack once nothing is in progress; None if it is gone."""
        deadline = time.monotonic() + _LIMIT
        while True:
            now = self._description()
            if now is None or not now["StackStatus"].endswith("_IN_PROGRESS"):
                return now
            if time.monotonic() > deadline:
                raise DeploymentFailed(f"stack {self._name} is {now['StackStatus']} for more than {_LIMIT:.0f} s")
            time.sleep(_POLL)

    def _reasons(self) -> Iterator[str]:
        """Each failure with its reason, latest first, from all pages; then what validation found early."""
        for page in self._formation.get_paginator("describe_stack_events").paginate(StackName=self._name):
            for event in page["StackEvents"]:
                if event.get("ResourceStatus", "").endswith("_FAILED"):
                    named = f"{event.get('LogicalResourceId')} ({event.get('ResourceType')})"
                    reason = event.get("ResourceStatusReason", "no reason given")
                    yield f"{named}: {event.get('ResourceStatus')}: {reason}"
        for found in self._formation.get_paginator("describe_events").paginate(StackName=self._name):
            for check in found["OperationEvents"]:
                if check.get("ValidationStatus") == "FAILED":
                    named = f"{check.get('LogicalResourceId')} ({check.get('ResourceType')})"
                    yield f"{named}: {check.get('ValidationStatusReason', 'no reason given')}"
