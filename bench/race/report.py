"""The figures of a course as tables for people, and as JSON."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from statistics import quantiles
from typing import TYPE_CHECKING, Any, Final

from bench.race.weather import BOUNDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.race.course import Result
    from bench.race.seen import Answered

_SHOWN: Final = 20  # of what is broken, by property


def described(result: Result) -> dict[str, Any]:
    """As JSON values."""
    return {
        "title": result.title,
        "seed": result.seed,
        "seconds": round(result.seconds, 1),
        "requests": len(result.answered),
        "replies": _replies(result.answered),
        "kills": dict(Counter(kill.function for kill in result.killed)),
        "interrupted": sum(answer.interrupted for answer in result.answered),
        "timedOut": sum(answer.timed_out for answer in result.answered),
        "load": os.getloadavg()[0],
        "faults": dict(result.faults),
        "calls": {name: _spread(result.calls[name]) | {"bound": BOUNDS.get(name)} for name in sorted(result.calls)},
        "changes": len(result.written),
        "atRest": dict(result.at_rest),
        "broken": {name: list(found) for name, found in result.broken.items()},
        "holds": result.holds,
    }


def _replies(answered: Sequence[Answered]) -> list[dict[str, Any]]:
    kinds: dict[str, list[Answered]] = defaultdict(list)
    for answer in answered:
        kinds[answer.kind].append(answer)
    return [
        {
            "kind": kind,
            "requests": len(kinds[kind]),
            "outcomes": dict(Counter(answer.outcome for answer in kinds[kind]).most_common()),
            **_times(kinds[kind]),
        }
        for kind in sorted(kinds)
    ]


def _times(answered: Sequence[Answered]) -> dict[str, int]:
    took = [(answer.got - answer.sent).total_seconds() * 1000 for answer in answered]
    cuts = quantiles(took, n=20) if len(took) > 1 else took * 20
    return {"p50": round(cuts[9]), "p95": round(cuts[18])}


def _spread(counts: Sequence[int]) -> dict[str, Any]:
    return {"requests": len(counts), "mean": round(sum(counts) / len(counts), 2), "most": max(counts)}


def table(result: Result) -> str:
    """As Markdown."""
    told = described(result)
    rows = "".join(
        f"| {row['kind']} | {row['requests']} | {row['p50']} | {row['p95']} | "
        + ", ".join(f"{count} {outcome}" for outcome, count in row["outcomes"].items())
        + " |\n"
        for row in told["replies"]
    )
    return f"""
## {told["title"]}

Seed {told["seed"]}; {told["requests"]} requests and {told["changes"]} changes of rows in {told["seconds"]:.0f} s.
{_harm(told)}At rest: {_listed(told["atRest"])}.

| request | number | p50, ms | p95, ms | replies |
| --- | ---: | ---: | ---: | --- |
{rows}{_calls(told)}
| property | broken |
| --- | ---: |
{"".join(f"| {name} | {len(found)} |" + chr(10) for name, found in told["broken"].items())}{_broken(told)}"""


def _harm(told: dict[str, Any]) -> str:
    kills = sum(told["kills"].values())
    killed = (
        f"{kills} workers were killed ({_listed(told['kills'])}), which interrupted {told['interrupted']} requests.\n"
    )
    late, load = told["timedOut"], told["load"]
    limit = f"{late} requests ran into the time limit of their function (load average now: {load:.0f}).\n"
    faults = f"Faults: {_listed(told['faults'])}.\n"
    return (killed if kills else "") + (limit if late else "") + (faults if told["faults"] else "")


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing"


def _calls(told: dict[str, Any]) -> str:
    if not told["calls"]:
        return ""
    rows = "".join(
        f"| {name} | {one['requests']} | {one['mean']} | {one['most']} | {one['bound']} |\n"
        for name, one in told["calls"].items()
        if one["bound"]
    )
    head = "\n| function | requests | AWS calls, mean | most | bound |\n| --- | ---: | ---: | ---: | ---: |\n"
    return head + rows


def _broken(told: dict[str, Any]) -> str:
    lines = [f"- {name}: {what}" for name, found in told["broken"].items() for what in found[:_SHOWN]]
    return "".join(f"\n{line}" for line in lines) + "\n"
