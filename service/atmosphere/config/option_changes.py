"""What a change of `deployment.yaml` would do to the stack, as steps of a plan.

The snapshot has none of it (ADR 0025), so only two files can be compared, and a deployment does not know its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from atmosphere.config.deployment_shapes import DEPLOYMENT, DeploymentFile
from atmosphere.config.plan import Kind, Step, differences, shown_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DEPLOYED: Final = "takes effect when the stack is deployed"
_EFFECTS: Final[Mapping[str, str]] = {
    "domain": f"{_DEPLOYED}; the default endpoint stays, a former name of your own does not",
    "encryption_key": f"{_DEPLOYED}; keep the former key as long as anything is encrypted with it",
    "adopt": "the stack works with these tables, this bucket and these secrets, and no longer with the former ones",
}


def option_steps(old: DeploymentFile | None, new: DeploymentFile) -> Iterator[Step]:
    """One step for each key of the file that differs; without an old file, from its defaults."""
    before, after = ((each or DeploymentFile()).model_dump(mode="json") for each in (old, new))
    for key in DeploymentFile.model_fields:
        if details := tuple(_details(before[key], after[key])):
            effect = _EFFECTS.get(key, _DEPLOYED)
            yield Step(kind=Kind.CHANGED, subject=f"{DEPLOYMENT} {key}", details=details, effect=effect)


def _details(old: Any, new: Any) -> Iterator[str]:
    """A map that is there in both is compared key by key; what is turned on or off is shown whole."""
    if isinstance(old, dict) and isinstance(new, dict):
        yield from differences(dict(_flat(old)), dict(_flat(new)))
    elif old != new:
        yield f"{shown_value(old)} -> {shown_value(new)}"


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
