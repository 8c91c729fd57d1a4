"""Every permission of both stacks as lines of text: `python -m tests.infra.permissions` writes docs/permissions.md.

A line is: who, Allow or Deny, the actions, on what, under which condition. Roles, what they trust, keys, the topic, the
bucket, the API and the functions; of the stack with every option, which has all that any deployment can have.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tests.infra.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TABLE: Final = Path(__file__).resolve().parents[2] / "docs" / "permissions.md"
STACKS: Final = ("atmosphere", "atmosphere-environment")
_INTRO: Final = """# Permissions

Every permission in the two templates, with every option of `config/deployment.yaml`, generated from them.
A test fails on a permission that is not listed here.
After a change that you mean, `.venv/bin/python -m tests.infra.permissions` writes this file again.
`<Name.Arn>` is a resource of the template.
`may be assumed` is the trust of a role; the other lines that name no role are policies of the resource itself.
"""
_HEAD: Final = "| who or what | effect | actions | on, or by | condition |\n| --- | --- | --- | --- | --- |\n"
_DOCUMENTS: Final = {
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::ApiGateway::RestApi": "Policy",
    "AWS::IAM::ManagedPolicy": "PolicyDocument",
    "AWS::IAM::Policy": "PolicyDocument",
}
"""Where a policy stands that is a resource's own."""


class _Right(NamedTuple):
    """What actions are allowed or denied by."""

    who: str
    effect: str
    where: str
    condition: str


def lines(template: dict[str, Any]) -> list[str]:
    """The rows of a template, sorted; actions that are alike in everything else share one."""
    reading = Reading(template)
    found: dict[_Right, set[str]] = {}
    for right, action in (*_roles(reading), *_resources(reading), *_functions(reading)):
        found.setdefault(right, set()).add(action)
    return sorted(_row(right, sorted(actions)) for right, actions in found.items())


def _roles(reading: Reading) -> Iterator[tuple[_Right, str]]:
    for name, role in reading.of("AWS::IAM::Role").items():
        who = reading.reference(name).strip("<>")
        yield from _statements(f"{who} may be assumed", role["AssumeRolePolicyDocument"])
        for policy in role.get("Policies", ()):
            yield from _statements(who, policy["PolicyDocument"])
        for arn in role.get("ManagedPolicyArns", ()):
            yield _Right(who, "Allow", arn, ""), "managed policy"


def _resources(reading: Reading) -> Iterator[tuple[_Right, str]]:
    for kind, key in _DOCUMENTS.items():
        for name, properties in reading.of(kind).items():
            yield from _statements(reading.reference(name).strip("<>"), properties[key])


def _functions(reading: Reading) -> Iterator[tuple[_Right, str]]:
    for properties in reading.of("AWS::Lambda::Permission").values():
        right = _Right(properties["FunctionName"], "Allow", properties["Principal"], "its own source")
        yield right, properties["Action"]


def _statements(who: str, document: Mapping[str, Any]) -> Iterator[tuple[_Right, str]]:
    for statement in _several(document["Statement"]):
        if "Fn::If" in statement:
            for branch in statement["Fn::If"][1:]:
                if "Effect" in branch:
                    yield from _statement(who, branch)
        else:
            yield from _statement(who, statement)


def _statement(who: str, statement: Mapping[str, Any]) -> Iterator[tuple[_Right, str]]:
    places = statement.get("Resource", statement.get("NotResource", "-"))
    negation = "all but " if "NotResource" in statement else ""
    principal = _shown(statement["Principal"]) if "Principal" in statement else ""
    for action in _several(statement["Action"]):
        for place in _several(places):
            where = f"{negation}{_plain(place)}" + (f" by {principal}" if principal else "")
            yield _Right(who, statement["Effect"], where, _shown(statement.get("Condition", ""))), action


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _plain(place: Any) -> str:
    """Without the digest in the name of an asset, which every change of the configuration changes."""
    text = place if isinstance(place, str) else _shown(place)
    return "<snapshot asset>" if ":s3:::cdk-" in text else text


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _row(right: _Right, actions: list[str]) -> str:
    cells = (_cell(right.who), _cell(right.effect), ", ".join(map(_cell, actions)))
    return f"| {' | '.join((*cells, _cell(right.where), _cell(right.condition)))} |"


def _cell(text: str) -> str:
    return f"`{text}`" if text else ""


def document(templates: Mapping[str, dict[str, Any]]) -> str:
    """The whole file."""
    parts = [f"\n## {stack}\n\n{_HEAD}" + "\n".join(lines(template)) + "\n" for stack, template in templates.items()]
    return _INTRO + "".join(parts)


def read(assembly: Path) -> dict[str, dict[str, Any]]:
    """The templates of an assembly, by stack."""
    return {stack: json.loads((assembly / f"{stack}.template.json").read_text()) for stack in STACKS}


if __name__ == "__main__":
    from infra.everything import EVERYTHING
    from infra.target import Target
    from tests.infra.cdk import synthesize
    from tests.infra.conftest import example

    with tempfile.TemporaryDirectory() as scratch:
        synthesize(example(), target=Target.HOST, out=Path(scratch) / "out", options=EVERYTHING)
        TABLE.write_text(document(read(Path(scratch) / "out")))
