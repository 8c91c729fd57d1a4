"""What a cleanup came to, for people and for programs: JSON and Markdown under the same name."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from atmosphere.cleanup.records import prefix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from atmosphere.cleanup.keep import Keep
    from atmosphere.cleanup.model import Assignment, PassState, Resource, Trouble, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the last look found.

    `blockers` are what keeps the environment from being clean, with what the last attempt met; `unknown` what could not
    be listed; `deferred` what may remain; `uncovered` types that are not swept as the baseline does not tell of them.
    """

    explanation: str = ""
    blockers: Mapping[Resource, Trouble] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    deferred: Sequence[Resource] = ()
    uncovered: Sequence[str] = ()


def write_report(
    keep: Keep,
    assignment: Assignment,
    state: PassState,
    *,
    verdict: Verdict,
    reason: str | None,
    findings: Findings,
    now: datetime,
) -> str:
    """Write both forms and return the name of the JSON. Raises `Unreachable`."""
    content = _content(assignment, state, verdict=verdict, reason=reason, findings=findings, now=now)
    name = f"{prefix(assignment)}report-{assignment.attempt}"
    keep.put(f"{name}.md", _markdown(content))
    keep.put(f"{name}.json", json.dumps(content, indent=1))
    return f"{name}.json"


def _content(
    assignment: Assignment, state: PassState, *, verdict: Verdict, reason: str | None, findings: Findings, now: datetime
) -> dict[str, Any]:
    return {
        "environment": str(assignment.key),
        "allocation": assignment.allocation,
        "attempt": assignment.attempt,
        "verdict": verdict,
        "reason": reason,
        "explanation": findings.explanation,
        "at": now.isoformat(),
        "passes": state.number,
        "mutations": state.mutations,
        "cutOff": state.cut_off.isoformat() if state.cut_off else None,
        "regions": list(assignment.regions),
        "globalsSwept": assignment.sweep_globals,
        "blockers": [_blocker(item, findings.blockers[item]) for item in sorted(findings.blockers)],
        "unknown": dict(sorted(findings.unknown.items())),
        "deferred": [str(item) for item in sorted(findings.deferred)],
        "uncovered": sorted(findings.uncovered),
    }


def _blocker(item: Resource, trouble: Trouble) -> dict[str, Any]:
    return {
        "type": item.type,
        "id": item.id,
        "region": item.region,
        "stack": trouble.stack,
        "code": trouble.code,
        "message": trouble.message,
        "attempts": trouble.attempts,
    }


def _markdown(content: Mapping[str, Any]) -> str:
    lines = [
        f"# {content['environment']}: {content['verdict']}" + (f" ({content['reason']})" if content["reason"] else ""),
        "",
        f"Allocation {content['allocation']}, attempt {content['attempt']}, {content['at']}.",
        f"Passes: {content['passes']}. Changes: {content['mutations']}.",
    ]
    lines += ["", content["explanation"]] if content["explanation"] else []
    if content["blockers"]:
        lines += ["", "| type | id | region | stack | attempts | error |", "| --- | --- | --- | --- | --- | --- |"]
        lines += [_markdown_row(blocker) for blocker in content["blockers"]]
    for title, key in (("Could not be listed", "unknown"), ("May remain", "deferred"), ("Not swept", "uncovered")):
        if content[key]:
            entries = (
                content[key].items() if isinstance(content[key], dict) else ((entry, "") for entry in content[key])
            )
            lines += ["", f"{title}:", *(f"- {name} {code}".rstrip() for name, code in entries)]
    return "\n".join(lines) + "\n"


def _markdown_row(blocker: Mapping[str, Any]) -> str:
    error = f"{blocker['code']}: {blocker['message']}"
    cells = (blocker["type"], blocker["id"], blocker["region"], blocker["stack"] or "", blocker["attempts"], error)
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
