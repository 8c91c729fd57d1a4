"""tests/README.md says what the tests rest on, and is held against what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
from moto import mock_aws

from tests.cleanup.catalogue.lax import PAGE, lax, on_the_page, refused, written
from tests.cleanup.catalogue.page import LINES

if TYPE_CHECKING:
    import pytest

ROOT: Final = Path(__file__).parents[2]


def test_the_page_lists_by_which_lines_nothing_refuses() -> None:
    assert on_the_page() == written(), "python -m tests.cleanup.catalogue.lax writes it again"


def test_most_of_what_cleaning_serves_is_refused_first() -> None:
    """It may only get better: a new line of the table needs a fake that refuses by it."""
    assert len(lax()) <= 3
    assert refused() <= {(line.type, line.demands) for line in LINES}


def test_moto_refuses_no_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two lines of the page, so that they go when moto learns it."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        nobody = "arn:aws:iam::222222222222:role/nobody"
        keys: Any = boto3.client("sts").assume_role(RoleArn=nobody, RoleSessionName="session")["Credentials"]
        iam = boto3.client("iam", region_name="us-east-1")
        iam.create_role(RoleName="denied", AssumeRolePolicyDocument="{}")
        deny = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'
        iam.put_role_policy(RoleName="denied", PolicyName="all", PolicyDocument=deny)
        assert keys["AccessKeyId"]
        denied = nobody.replace("nobody", "denied")
        keys = boto3.client("sts").assume_role(RoleArn=denied, RoleSessionName="session")["Credentials"]
        session: Any = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        assert session.client("sqs", region_name="us-east-1").list_queues()


def test_every_file_that_the_page_names_is_there() -> None:
    names = set(re.findall(r"`(tests/[\w/.]+)`", PAGE.read_text(encoding="utf-8")))
    assert names
    assert [name for name in sorted(names) if not (ROOT / name).exists()] == []
