"""What a cleanup came to, for people and for programs: JSON and Markdown under the same name."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.report.advice import advice
from atmosphere.cleanup.report.console import console_link
from atmosphere.cleanup.report.markdown import markdown
from atmosphere.cleanup.report.next_steps import next_step
from atmosphere.cleanup.report.origins import Origin
from atmosphere.cleanup.state.troubles import prefix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from atmosphere.cleanup.model import Assignment, Finished, PassState, Resource, Trouble
    from atmosphere.cleanup.state.counts import Counts
    from atmosphere.cleanup.state.deferred import Deferred
    from atmosphere.cleanup.state.store import TextStore

_NAMED: Final = re.compile(
    r"arn:[\w-]+:[^\s,;'\"()\[\]{}]+[^\s,;'\"()\[\]{}.:]|\b[a-z]{1,20}-[0-9a-f]{8}(?:[0-9a-f]{9})?\b"
)
"""What an error of AWS names by ARN or by an id as EC2 makes them."""
_ALIVE: Final = "baseline-"
"""How codes of what happened to the baseline begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the last look found.

    `blockers` are what keeps the environment from being clean, with what the last attempt met; `unknown` what could not
    be listed; `deferred` what may remain; `uncovered` types of which there is something and the baseline does not tell;
    `skipped` what was left out by rule, and by which; `carried` what is deferred from cleaning to cleaning; `kept`
    what stays, and why; `refused` what the configuration names and did not stay; `steps` toolkits that a test moved on
    to a published template, and what became of that; `origins` where blockers, deferred things and members of their
    stacks come from; `waiting` what AWS was at work on; `retry_at` when AWS allows what it refused.
    """

    explanation: str = ""
    blockers: Mapping[Resource, Trouble] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    deferred: Sequence[Resource] = ()
    uncovered: Sequence[str] = ()
    unexplained: Mapping[str, str] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    carried: Mapping[Resource, Deferred] = field(default_factory=dict)
    kept: Mapping[Resource, str] = field(default_factory=dict)
    refused: Mapping[Resource, str] = field(default_factory=dict)
    steps: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[Resource, Origin] = field(default_factory=dict)
    waiting: Sequence[Mapping[str, str]] = ()
    retry_at: datetime | None = None


def write_report(
    store: TextStore,
    assignment: Assignment,
    state: PassState,
    end: Finished,
    *,
    findings: Findings,
    counts: Counts,
    now: datetime,
) -> str:
    """Write both forms and return the name of the JSON. Raises `Unreachable`."""
    content = _content(assignment, state, end, findings=findings, counts=counts, now=now)
    name = f"{prefix(assignment)}report-{assignment.attempt}"
    store.put(f"{name}.md", markdown(content))
    store.put(f"{name}.json", json.dumps(content, indent=1))
    return f"{name}.json"


def _content(
    assignment: Assignment,
    state: PassState,
    end: Finished,
    *,
    findings: Findings,
    counts: Counts,
    now: datetime,
) -> dict[str, Any]:
    return {
        "environment": str(assignment.key),
        "pool": assignment.registration.pool,
        "allocation": assignment.allocation,
        "requester": assignment.requester,
        "attempt": assignment.attempt,
        "verdict": end.verdict,
        "reason": end.reason,
        "explanation": findings.explanation,
        "retryAt": findings.retry_at.isoformat() if findings.retry_at else None,
        "at": now.isoformat(),
        "passes": state.number,
        "mutations": state.mutations,
        "seconds": dict(counts.spent),
        "totals": {"found": counts.found, "removed": dict(counts.removed), "left": dict(counts.left)},
        "cutOff": state.cut_off.isoformat() if state.cut_off else None,
        "regions": list(assignment.regions),
        "globalsSwept": assignment.sweep_globals,
        **_findings(assignment, findings),
    }


def _findings(assignment: Assignment, findings: Findings) -> dict[str, Any]:
    taken = sorted(item for item, origin in findings.origins.items() if origin.going and item not in findings.blockers)
    return {
        "blockers": [_blocker(assignment, item, findings) for item in sorted(findings.blockers)],
        "withStacks": [{**_place(item), "stack": findings.origins[item].stack} for item in taken],
        "waitingFor": [dict(each) for each in findings.waiting],
        "unknown": dict(sorted(findings.unknown.items())),
        "advice": advice(dict(sorted(findings.unknown.items()))),
        "deferred": [str(item) for item in sorted(findings.deferred)],
        "uncovered": sorted(findings.uncovered),
        "unexplained": dict(sorted(findings.unexplained.items())),
        "skipped": dict(sorted(findings.skipped.items())),
        "kept": [{**_place(item), "why": why} for item, why in sorted(findings.kept.items())],
        "refused": {item.address: why for item, why in sorted(findings.refused.items())},
        "toolkit": dict(findings.steps),
        "debts": [_debt(item, findings.carried[item]) for item in sorted(findings.carried)],
    }


def _blocker(assignment: Assignment, item: Resource, findings: Findings) -> dict[str, Any]:
    trouble = findings.blockers[item]
    origin = findings.origins.get(item, Origin())
    partition = assignment.registration.admin_role.split(":")[1]
    return {
        **_place(item),
        "stack": trouble.stack or origin.stack,
        "created": origin.created,
        "action": "restore" if trouble.code.startswith(_ALIVE) else "delete",
        "code": trouble.code,
        "message": trouble.message,
        "meaning": str(trouble.meaning),
        "attempts": trouble.attempts,
        "until": trouble.until or None,
        "first": {"code": trouble.first_code, "message": trouble.first_message} if trouble.first_code else None,
        "blockedBy": named_in(trouble.message, item.id),
        "console": console_link(item, home=assignment.key.region, partition=partition),
        "next": asdict(next_step(assignment.key, item, trouble)),
    }


def _place(item: Resource) -> dict[str, str]:
    return {"type": item.type, "id": item.id, "region": item.region}


def named_in(message: str, own: str) -> list[str]:
    """What an error names besides the resource itself: mostly what stands in the way of its deletion."""
    return [name for name in dict.fromkeys(_NAMED.findall(message)) if name != own and not name.endswith(f"/{own}")]


def _debt(item: Resource, debt: Deferred) -> dict[str, Any]:
    return {"resource": item.address, "firstSeen": debt.first.isoformat(), "cleanings": debt.cleanings}
