"""What a configuration has to mean about GitHub callers, once its shape is right.

Why each check is there: docs/access.md. An error where a rule would let in more than anybody can have meant; a warning
where it may be meant.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from atmosphere.config.problems import Severity
from atmosphere.core.github_rules import SAFE_EVENTS

if TYPE_CHECKING:
    from atmosphere.config.problems import Path
    from atmosphere.config.sources import Check, Sources

PULL_REQUEST: Final = "pull_request"
_HARMLESS: Final = frozenset({*SAFE_EVENTS, PULL_REQUEST})
_REFS_OF_THEIR_OWN: Final = {
    PULL_REQUEST: "refs/pull/NUMBER/merge",
    "merge_group": "refs/heads/gh-readonly-queue/...",
}
_OTHERS_AUDIENCES: Final = (
    (re.compile(r".*\bsts(\.[a-z0-9-]+)?\.amazonaws\.com\b.*", re.IGNORECASE), "AWS STS's"),
    (re.compile(r"(https?://)?([a-z0-9.-]+\.)?(github|ghe)\.com(:\d+)?(/.*)?", re.IGNORECASE), "GitHub's default"),
    (re.compile(r"api://AzureADTokenExchange|sigstore|(test)?pypi", re.IGNORECASE), "another service's"),
)


def _issuers_known(sources: Sources) -> None:
    if not sources.settings.whole:
        return
    known = [entry.issuer for _, entry in sources.issuers()]
    for path, rule in sources.github_rules():
        if rule.issuer not in known:
            what = f"the issuer {rule.issuer} is not in issuers of settings.yaml"
            remedy = f"use one of the listed issuers exactly ({', '.join(known) or 'there are none'}), or add this one"
            sources.access.report((*path, "issuer"), what, remedy)


def _issuers_unique(sources: Sources) -> None:
    seen: dict[str, Path] = {}
    for path, entry in sources.issuers():
        other = seen.setdefault(entry.issuer, path)
        if other != path:
            what = f"the issuer {entry.issuer} is already listed at line {sources.settings.read.line(other)}"
            sources.settings.report((*path, "issuer"), what, "keep one of them")


def _keys_at_home(sources: Sources) -> None:
    for path, entry in sources.issuers():
        home, host = (urlsplit(url).netloc for url in (entry.issuer, entry.jwks_url))
        if home != host:
            what = f"the keys of {entry.issuer} come from a different host, which can then sign as any workflow"
            remedy = (
                "use the jwks_uri of the issuer's /.well-known/openid-configuration, unless this is your own mirror"
            )
            sources.settings.report((*path, "jwks_url"), what, remedy, severity=Severity.WARNING)


def _audience_given(sources: Sources) -> None:
    settings = sources.tuned
    if settings and sources.settings.whole and not settings.audience and any(sources.github_rules()):
        what = "the key audience is missing, so no GitHub token can be accepted"
        remedy = "add audience: a URL of this deployment, e.g. https://atmosphere.example.com"
        sources.settings.report(("audience",), what, remedy)


def _audience_is_ours(sources: Sources) -> None:
    settings = sources.tuned
    audience = settings.audience if settings else ""
    if not audience:
        return
    if audience.endswith("/"):
        what = "the audience ends with a slash, which workflows tend to omit"
        sources.settings.report(("audience",), what, "remove the slash")
    issuers = {urlsplit(entry.issuer).netloc for _, entry in sources.issuers()}
    whose = [owner for pattern, owner in _OTHERS_AUDIENCES if pattern.fullmatch(audience)]
    if urlsplit(audience).netloc.lower() in issuers:
        whose.append("GitHub's default")
    if whose:
        what = f"this is {whose[0]} audience, so its tokens would be accepted here, and tokens for this service there"
        sources.settings.report(
            ("audience",), what, "choose an audience that only this deployment uses, e.g. its own URL"
        )


def _risky_events(sources: Sources) -> None:
    for path, rule in sources.github_rules():
        for index, event in enumerate(rule.events):
            if event not in _HARMLESS and rule.environment is None:
                what = f"the event {event} can be started by outsiders, or can run unreviewed code"
                remedy = f"remove it ({', '.join(SAFE_EVENTS)} are safe), or set environment to one with reviewers"
                sources.access.report((*path, "events", index), what, remedy)


def _pull_requests(sources: Sources) -> None:
    for path, rule in sources.github_rules():
        if PULL_REQUEST in rule.events and rule.environment is None:
            what = "anyone who can push a branch to the repository can run any code with the event pull_request"
            remedy = (
                "set environment to a deployment environment with reviewers, or keep it if all of them may allocate"
            )
            place = (*path, "events", rule.events.index(PULL_REQUEST))
            sources.access.report(place, what, remedy, severity=Severity.WARNING)


def _refs_that_never_come(sources: Sources) -> None:
    for path, rule in sources.github_rules():
        written = rule.events if rule.refs and "events" in rule.model_fields_set else ()
        for index, event in enumerate(written):
            if event in _REFS_OF_THEIR_OWN:
                what = f"runs of the event {event} are on {_REFS_OF_THEIR_OWN[event]}, so refs never match them"
                remedy = f"write a separate rule without refs for {event}, or remove it"
                sources.access.report((*path, "events", index), what, remedy, severity=Severity.WARNING)


def _anything_of_the_repository(sources: Sources) -> None:
    for path, rule in sources.github_rules():
        if not (rule.refs or rule.environment or rule.workflows):
            what = f"the rule allows every branch and tag of {rule.repository}, no matter who pushed it"
            remedy = "add refs, workflows or environment, or keep it if everyone with push access may allocate"
            sources.access.report(path, what, remedy, severity=Severity.WARNING)


def _no_quota(sources: Sources) -> None:
    for path, rule in sources.github_rules():
        if rule.max_active is None:
            what = f"the rule has no max_active, so runs of {rule.repository} can take whole pools"
            remedy = "add max_active: how many environments they may hold at once"
            sources.access.report(path, what, remedy, severity=Severity.WARNING)


def _one_name_for_an_id(sources: Sources) -> None:
    first: dict[tuple[str, str], tuple[Path, str]] = {}
    for path, rule in sources.github_rules():
        other, name = first.setdefault((rule.issuer, rule.repository_id), (path, rule.repository))
        if name != rule.repository:
            line = sources.access.read.line((*other, "repository"))
            what = f"the repository with the id {rule.repository_id} is called {name} at line {line}"
            remedy = (
                "check both names: the id decides, so one of the two rules allows a different repository than it names"
            )
            sources.access.report((*path, "repository"), what, remedy, severity=Severity.WARNING)


GITHUB_CHECKS: Final[tuple[Check, ...]] = (
    _issuers_known,  # the first two ask whether the settings are whole, so they come before what reports there
    _audience_given,
    _audience_is_ours,
    _issuers_unique,
    _keys_at_home,
    _risky_events,
    _pull_requests,
    _refs_that_never_come,
    _anything_of_the_repository,
    _no_quota,
    _one_name_for_an_id,
)
