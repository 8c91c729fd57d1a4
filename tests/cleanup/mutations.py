"""The rules for what stays, the guard and the revocation with one condition changed, and the test that notices.

Each mutation is a text of a module and another that takes its place in a copy of the tree; `tests` are the test modules
in which at least one test has to fail then. Tests on the embedded AWS do not count: it is not in the copy.
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
_STAYING: Final = "verdict/staying.py"
_ENTERING: Final = "verdict/entering.py"
_CONTAINERS: Final = "scan/containers.py"
_SIGN_INS: Final = "revoke/sign_ins.py"
_IAM: Final = "revoke/iam.py"
_BOOTSTRAP: Final = "contents/bootstrap.py"
_EXTENSIONS: Final = "contents/extensions.py"
_LOG_GROUPS: Final = "contents/log_groups.py"
_BUCKETS: Final = "contents/bucket_settings.py"
_TASKS: Final = "catalogue/tasks.py"
_GUARDED: Final = ("test_guard", "test_protected", "test_kept", "test_contents")
_DENIED: Final = ("test_imposing", "test_contents")
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
        ("if self._only_revokes and call != _ENDS_SESSIONS:", "if False:"),
        (" and call != _ENDS_SESSIONS:", ":"),
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
        ("test_denial",),
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
    *_of(
        _STAYING,
        ("test_staying",),
        ("if item in self.doubtful:", "if False:"),
        ("if item.region in self.unread else None", "if False else None"),
        ("if not self.reason(stack.resource)]", "]"),
        ("            if not strangers:\n", "            if True:\n"),
        ("elif context.protection.names_exactly(family.root.resource):", "elif False:"),
        ("for stack in family.stacks if stack.id not in held.members}", "for stack in family.stacks}"),
        ("frozenset({*unread, GLOBAL} if held.unknown else unread)", "frozenset(unread)"),
        ("for item, trouble in doubtful.items() if item not in kept}", "for item, trouble in doubtful.items()}"),
        ("if not context.baseline.complete else ():", "if True else ():"),
        ("        if item not in kept:\n            if _is_older(", "        if True:\n            if _is_older("),
        ("if why := reserved(role, may_enter):", 'if why := "reserved":'),
        ("if each not in kept and each.type in ENTERED):", "if each.type in ENTERED):"),
        ("if role_ and why and not strangers:", "if role_ and why:"),
        ("        elif named:\n            doubtful[item]", "        elif why:\n            doubtful[item]"),
        ("return made.tzinfo is not None and captured", "return captured"),
        ("and captured.tzinfo is not None and made <", "and made <"),
        ("and made < captured", ""),
        ("while root.parent in stacks:", "while False:"),
        ("if any(_is_newer(stack, context.baseline.captured_at) for stack in family):", "if True:"),
        (
            "context.protection.keep(root.resource) or _stack_set(root, context)",
            "context.protection.keep(root.resource)",
        ),
        ("if stack.name.startswith(name))", ")"),
        ("return captured_at is None or (stack", "return (stack"),
        ("(stack.updated or stack.created) >=", "stack.created >="),
        ("if item.type in _WAYS_IN]", "if False]"),
        ("*nested) if item in there)", "*nested))"),
        ('may enter it" if strangers else "it lets someone in"', 'may enter it"'),
    ),
    *_of(
        _ENTERING,
        ("test_staying",),
        ("if item.type == ROLE and isinstance(inside, dict) and not", "if isinstance(inside, dict) and not"),
        ("and isinstance(inside, dict) and not lets_in(", "and not lets_in("),
        (
            'isinstance(inside, dict) and not lets_in(inside.get("trust"), assignment.key.account)',
            "isinstance(inside, dict)",
        ),
        ("roles=frozenset(closed - given)", "roles=frozenset(closed)"),
        ("if item.type in _PROVIDERS)", ")"),
        ("(*context.baseline.items, *kept) if", "context.baseline.items if"),
        ("if role.path.startswith(_LINKED):", "if True:"),
        ("if {each.kind for each in who} <= {Kind.SERVICE} else None", ""),
        ("federated = {each.kind for each in who} <= {Kind.FEDERATED} and not", "federated = not"),
        ("<= {Kind.FEDERATED} and not outsiders(role.trust, may_enter)", "<= {Kind.FEDERATED}"),
        ("if len(named) != len(is_) or any", "if any"),
        ('len(is_) or any(one not in (other, "*") for one, other in places):', "len(is_):"),
        ('one not in (other, "*")', "one != other"),
        ('if named[5].endswith("*") else is_[5] == named[5]', ""),
        ('is_[5].startswith(named[5][:-1]) if named[5].endswith("*") else ', ""),
    ),
    *_of(
        _CONTAINERS,
        ("test_containers",),
        ("if each.resource.id and each.resource.type", "if each.resource.type"),
        ("each.resource.id and each.resource.type != STACK)", "each.resource.id)"),
        ("if known is not None and stack.seen and known[0] == stack.seen:", "if known is not None and stack.seen:"),
        ("known is not None and stack.seen and known[0]", "known is not None and known[0]"),
        ("wanted - inventory.roles.keys() - inventory", "wanted - inventory"),
        ("inventory.roles.keys() - inventory.reserved.keys())", "inventory.roles.keys())"),
        ("for item in each if item.type == ROLE}", "for item in each}"),
        ("listed.get(_thing(item), item)", "item"),
        ('if url is not None and item.type == "AWS::SQS::Queue":', "if url is not None:"),
        ("return item.type, item.region, url[1]", "return item.type, url[1], None"),
    ),
    *_of(
        _SIGN_INS,
        ("test_sign_ins",),
        ('if each["expiresAt"] > now and each', "if each"),
        ('each["expiresAt"] > now and each["sessionArn"] not in self._revoked', 'each["expiresAt"] > now'),
        ("if isinstance(error, ClientError) and _may_pass(error):", "if False:"),
        ("if isinstance(error, ClientError) and _may_pass(error):", "if isinstance(error, ClientError):"),
        ("return status == _TOO_MANY or status", "return status"),
        ("status == _TOO_MANY or status >= _SERVERS_FAULT", "status == _TOO_MANY"),
        ("(ClientError, EndpointConnectionError)", "ClientError"),
        ("        self.unasked.pop(label, None)\n", ""),
        ("if assignment.sweep_globals:", "if False:"),
        ("if assignment.sweep_globals:", "if True:"),
        ("if assignment.started else {}", "if False else {}"),
        ('status="ACTIVE", **asked', '**{"status": "REVOKED", **asked}'),
        ("for region in context.assignment.regions)", "for region in context.assignment.regions[:1])"),
    ),
    *_of(
        _IAM,
        ("test_organizations", "test_endings"),
        ("if not isinstance(error, str) and is_denied_by_organization(error):", "if False:"),
        ("if not isinstance(error, str) and is_denied_by_organization(error):", "if not isinstance(error, str):"),
        ('if policy else " by a policy of the organization"', ""),
    ),
    *_of(
        _BOOTSTRAP,
        ("test_growth",),
        ('text.rstrip("\\n").encode()', "text.encode()"),
        ("if first is None or last is None or last <= first:", "if first is None or last is None:"),
        ("or last <= first:", "or last < first:"),
        ("known[first + 1 : last + 1]", "known[last : last + 1]"),
        ("known[first + 1 : last + 1]", "known[first:last]"),
        ('if now["parameters"] == {**defaults, **before["parameters"]} else None', ""),
        ("{**defaults, **before", "{**before"),
    ),
    *_of(
        _EXTENSIONS,
        ("test_extensions",),
        ("return bool(before[_DEFAULT] and not now[_DEFAULT])", "return True"),
        ("before[_DEFAULT] and not now[_DEFAULT]", "before[_DEFAULT]"),
    ),
    *_of(_LOG_GROUPS, ("test_outsiders",), ('if each.get("resourceArn") == arn)', ")")),
    *_of(
        _BUCKETS,
        ("test_bucket_settings", "test_put_back"),
        (" if name != but and part is not None}", " if part is not None}"),
        (" and part is not None}", "}"),
        ("        if drift.before is None:\n", "        if False:\n"),
        ("            if code_of(error) == _GONE:\n", "            if False:\n"),
        ('        asks={"SkipDestinationValidation": True},\n', ""),
    ),
    *_of(
        _TASKS,
        ("catalogue/test_families",),
        ("for task in running if task not in owned)", "for task in running)"),
        ('if each["lastStatus"] != _STOPPED}', "}"),
        ("if code_of(error) not in _NO_SERVICE:", "if True:"),
    ),
)
UNNOTICED: Final = {
    "bound != _boundary(drift.before) and str": "a boundary that was a revocation's at the capture is not put back",
}
"""Conditions that save a call only, and why no test can tell."""
