"""The guard's comparison, the denial and the lingering sessions with one condition changed, and the test that notices.

Each mutation is a text of a module and another that takes its place in a copy of the tree; `tests` are the test modules
in which at least one test has to fail then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_PROTECTED: Final = "aws/protected.py"
_GUARD: Final = "aws/guard.py"
_NAMING: Final = "catalogue/naming.py"
_DENIAL: Final = "revoke/denial.py"
_LINGERING: Final = "revoke/lingering.py"
_TRUST: Final = "trust.py"
_IMPOSING: Final = "revoke/imposing.py"
_REVOCATION: Final = "revoke/revocation.py"
_POLICIES: Final = "contents/policies.py"
_GUARDED: Final = ("test_guard", "test_protected", "test_kept", "test_contents")
_DENIED: Final = ("test_contents", "test_imposing")
_LEFT: Final = ("test_lingering",)


@dataclass(frozen=True, slots=True)
class Mutation:
    """`before` occurs once in `module` (under `cleanup/`)."""

    module: str
    before: str
    after: str
    tests: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.module}: {self.before.strip()} -> {self.after.strip()}"


def _of(module: str, tests: tuple[str, ...], *changes: tuple[str, str]) -> tuple[Mutation, ...]:
    return tuple(Mutation(module, before, after, tests) for before, after in changes)


MUTATIONS: Final = (
    *_of(
        _PROTECTED,
        _GUARDED,
        ('return self.region in ("", region)', "return True"),
        ("return part is value or (part is None and self.pattern)", "return True"),
        ("return part is value or (part is None and self.pattern)", "return part is value"),
        ("(self.pattern and any(fnmatchcase", "(any(fnmatchcase"),
        ("part in candidates or (self.pattern", "(self.pattern"),
        ("if service == _BY_TYPE:", "if False:"),
        ("for parameter in given.keys() - told:", "for parameter in given.keys():"),
        ('if (call, parameter) not in naming.silent and ("", p', 'if ("", p'),
        ('and ("", parameter) not in naming.silent:', ":"),
        ("if thing.is_in(region) and (", "if ("),
        ("if whole\n", "if False\n"),
        ("(types is not None and thing.type not in types) or not", "not"),
        ("or not thing.is_in(region):", ":"),
        ("else all(any(thing.fits(", "else any(any(thing.fits("),
        ("yield parts[1]", "yield parts[0]"),
    ),
    *_of(
        _GUARD,
        _GUARDED,
        ("if call in _PARTS and", "if"),
        ("and len({hit.parameters for hit in hits}) == 1:", ":"),
        ("hit.parameters == (_FREES.get(call),) or ", ""),
        (" == REVOCATION_POLICY + self.regions[0]:", ".startswith(REVOCATION_POLICY):"),
        ('if operation == "PutRolePolicy" and names', "if names"),
        ("if self._only_revokes:", "if False:"),
    ),
    *_of(
        _NAMING,
        _GUARDED,
        ("if parameter not in parts}", "}"),
        ("in each.others if other not in parameters}", "in each.others}"),
        ("own = [key for key in each.own if key]", "own = list(each.own)"),
        ("return self.keys[: max(re.compile(self.row.parts).groups, 1)]", "return self.keys"),
        ('    "iam": {("", "PolicyName")},', ""),
        ('("", "Key"), ', ""),
        ('    "cloudformation": {("", "RetainResources")},', ""),
        ('    "ecs": {("stop_task", "cluster")},', ""),
    ),
    *_of(
        _DENIAL,
        _DENIED,
        ("if region not in {self.region, *self.neighbours} or", "if"),
        ("*self.neighbours} or policy_name(region) != name:", "*self.neighbours}:"),
        ("policy == json.loads(_text([each])) for each in _ours(", "True for each in _ours("),
        ("whole=whole) if policy == json.loads(_text([each]))]", "whole=whole)]"),
        ("if not (whole and self.alone) or each == _at(each):", "if True:"),
        ("return now + self.clock_skew + HORIZON", "return now + self.clock_skew + 99 * HORIZON"),
        ("return now + self.clock_skew + HORIZON", "return now + HORIZON"),
        ("and cut_off <= latest and", "and"),
        ("and each in (_deny(cut_off), _deny(cut_off, region)):", ":"),
        ("if each not in (_at(each), _at(each, self.region))]", "]"),
        ("_deny(cut_off, None if self.alone else self.region)", "_deny(cut_off)"),
        ("return whole_document(cut_off) if self.alone else policy", "return policy"),
    ),
    *_of(
        _LINGERING,
        _LEFT,
        ("item.region == GLOBAL and lets_in(_trust(content), assignment.key.account)", "item.region == GLOBAL"),
        ('return content.get("trust") if isinstance(content, dict) else None', "return {}"),
        ("return sorted((registered | inside) - aside)", "return sorted(registered - aside)"),
        ("return sorted((registered | inside) - aside)", "return sorted(registered | inside)"),
    ),
    *_of(
        _TRUST,
        (*_LEFT, "test_trust"),
        ("entrant.name in _CERTIFICATES\n", "False\n"),
        ("entrant.name in _CERTIFICATES\n", "True\n"),
        ("else entrant.kind is not Kind.AWS or entrant.account in", "else entrant.account in"),
        ("or entrant.account in (None, account)\n", "or entrant.account == account\n"),
        ("or entrant.account in (None, account)\n", "\n"),
        ('if statement.get("effect") == "Deny" or not', "if not"),
        ('== "Deny" or not _enters(statement):', '== "Deny":'),
        ('if "notaction" in statement:', "if False:"),
        ('return not all(_is_among(statement["notaction"]', 'return not any(_is_among(statement["notaction"]'),
        ('if "notprincipal" in statement or', "if"),
        ("if known is None or not", "if not"),
        ("or _WILDCARD.search(name):", ":"),
    ),
    *_of(
        _IMPOSING,
        _DENIED,
        ("if self._context.assignment.capture_only:", "if False:"),
        ("if refused.is_full and self._make_room(role):", "if False:"),
        ("arn is not None and arn.endswith(", "False and arn.endswith("),
        ("if name not in before and not", "if not"),
        (" and not self._is_denial(role, name)]", "]"),
        ("if current else _EVERYTHING", "if False else _EVERYTHING"),
        ('if not version["IsDefaultVersion"]:', "if False:"),
        ("return max((cut_off", "return min((cut_off"),
    ),
    *_of(
        _POLICIES,
        _DENIED,
        ("if not self._denials.is_one(name, text, now)", "if True"),
        ("return bool(_planted(drift.before, drift.now)) or self._is_bound(drift)", "return self._is_bound(drift)"),
        ("drift.now)) or self._is_bound(drift)", "drift.now))"),
        ("bound != _boundary(drift.before) and str", "str"),
        ("if self._is_bound(drift) and self._is_denied(account, drift):", "if self._is_bound(drift):"),
        ("(cut_off is not None and cut_off >= bound)", "cut_off is not None"),
        ("            return bound is None\n", "            return True\n"),
        (' - before["inline"] if name', " if name"),
        ("if name.startswith(REVOCATION_POLICY))", ")"),
    ),
)
UNNOTICED: Final = {
    "bound != _boundary(drift.before) and str": "a boundary that was a revocation's at the capture is not put back",
}
"""Conditions that save a call only, and why no test can tell."""
