"""Reads a template for the tests: resources by type, and values with their references written out as text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Reading:
    template: dict[str, Any]

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of every resource of a type, by logical id, references written out."""
        found = {name: entry for name, entry in self.template["Resources"].items() if entry["Type"] == kind}
        return {name: self.text(entry.get("Properties", {})) for name, entry in found.items()}

    def raw(self, kind: str) -> dict[str, dict[str, Any]]:
        return {name: entry for name, entry in self.template["Resources"].items() if entry["Type"] == kind}

    def one(self, kind: str) -> dict[str, Any]:
        (only,) = self.of(kind).values()
        return only

    def function(self, name: str) -> dict[str, Any]:
        (found,) = [entry for entry in self.of("AWS::Lambda::Function").values() if entry["FunctionName"] == name]
        return found

    @cached_property
    def outputs(self) -> dict[str, str]:
        return {name: self.text(entry["Value"]) for name, entry in self.template["Outputs"].items()}

    @cached_property
    def _names(self) -> dict[str, str]:
        """Logical ids without CDK's hash: `ServiceEnvironmentsTableEDC01351` is `EnvironmentsTable`."""
        return {name: re.sub(r"^Service|[0-9A-F]{8}$", "", name) for name in self.template["Resources"]}

    def text(self, value: Any) -> Any:
        """`{"Fn::GetAtt": ["ServiceBucket91D6FFCF", "Arn"]}` is `<Bucket.Arn>`; joins are joined."""
        if isinstance(value, list):
            return [self.text(entry) for entry in value]
        if not isinstance(value, dict):
            return value
        intrinsic, argument = next(iter(value.items()), ("", None))
        if len(value) == 1 and intrinsic in _WRITTEN:
            return _WRITTEN[intrinsic](self, argument)
        return {key: self.text(entry) for key, entry in value.items()}

    def reference(self, name: str) -> str:
        return f"<{self._names.get(name, name)}>"

    def attribute(self, named: list[str]) -> str:
        return f"<{self._names[named[0]]}.{named[1]}>"

    def joined(self, argument: tuple[str, list[Any]]) -> str:
        separator, parts = argument
        return separator.join(self.text(part) for part in parts)

    def selected(self, argument: tuple[int, dict[str, Any]]) -> str:
        """One part of a text that is split."""
        index, split = argument
        return f"{self.text(split['Fn::Split'][1])}[{index}]"

    def substituted(self, argument: str) -> str:
        return re.sub(r"\$\{([^}]+)\}", r"<\1>", argument)


_WRITTEN: dict[str, Callable[[Reading, Any], str]] = {
    "Ref": Reading.reference,
    "Fn::GetAtt": Reading.attribute,
    "Fn::Join": Reading.joined,
    "Fn::Select": Reading.selected,
    "Fn::Sub": Reading.substituted,
}
