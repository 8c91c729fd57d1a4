"""The account and its regions: neighbors, whether regions are enabled and bootstrapped, and quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atmosphere.core.doctor.facts import ENABLED, Finding, Level, Unread
from atmosphere.core.model import Toolkit
from atmosphere.core.sharing import neighbours

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from atmosphere.core.doctor.facts import Bootstrap, Facts, Quota
    from atmosphere.core.model import EnvironmentKey, Region, Registration

_AGAIN: Final = "run this again when the role can be assumed and may read it"
_WHOLE: Final = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


def check_places(facts: Facts, registration: Registration, known: Iterable[EnvironmentKey]) -> Iterator[Finding]:
    """All of it, in the order in which one corrects it."""
    yield _siblings(registration, known)
    yield from (_region(region, status) for region, status in facts.regions.items())
    keeps = registration.cdk_toolkit is Toolkit.KEEP
    yield from (_bootstrap(region, found, keeps=keeps) for region, found in facts.bootstraps.items())
    yield from _quotas(facts.quotas)


def _siblings(registration: Registration, known: Iterable[EnvironmentKey]) -> Finding:
    key = registration.key
    if others := neighbours(key, known):
        text = (
            f"{key.account} also has environments in {', '.join(others)}: IAM, Route 53 and other global services are "
            "not swept, and sessions that a test opened itself outlive it"
        )
        return Finding("siblings", Level.PROBLEM, text, "give each environment an account of its own")
    text = f"the only environment of {key.account} in the configuration: global services are swept"
    return Finding("siblings", Level.OK, text)


def _region(region: Region, status: str | Unread | None) -> Finding:
    if isinstance(status, Unread):
        return Finding("region", Level.UNKNOWN, f"not checked: {region} ({status.code})", _AGAIN)
    if status not in ENABLED:
        text = f"{region} is not enabled ({status or 'AWS does not know it'})"
        return Finding("region", Level.PROBLEM, text, f"aws account enable-region --region-name {region}, and wait")
    return Finding("region", Level.OK, f"{region} is enabled ({status})")


def _bootstrap(region: Region, found: Bootstrap | Unread, *, keeps: bool) -> Finding:
    if isinstance(found, Unread):
        return Finding("bootstrap", Level.UNKNOWN, f"not checked in {region} ({found.code})", _AGAIN)
    if found.status is None and found.version is None:
        if keeps:
            text = f"{region} is not bootstrapped, and cdk_toolkit is keep"
            return Finding("bootstrap", Level.PROBLEM, text, f"run cdk bootstrap in {region} before you register it")
        return Finding("bootstrap", Level.OK, f"{region} is not bootstrapped: tests that use the CDK do it themselves")
    if found.status not in _WHOLE or found.version is None:
        text = (
            f"{region} is half bootstrapped: CDKToolkit {found.status or 'missing'}, version {found.version or 'none'}"
        )
        advice = "run cdk bootstrap again, or delete the stack CDKToolkit and its SSM parameter, before you register it"
        return Finding("bootstrap", Level.PROBLEM, text, advice)
    kept = "is kept and emptied" if keeps else "is part of the baseline if it is there at registration"
    return Finding("bootstrap", Level.OK, f"{region} is bootstrapped (version {found.version}): CDKToolkit {kept}")


def _quotas(quotas: Mapping[Quota, float | Unread]) -> Iterator[Finding]:
    for quota, value in quotas.items():
        if isinstance(value, Unread):
            yield Finding("quota", Level.UNKNOWN, f"not checked: {quota.name} ({value.code})", _AGAIN)
        elif value < quota.least:
            text = f"{quota.name}: {value:g}, less than the {quota.least} that AWS gives by default"
            yield Finding("quota", Level.PROBLEM, text, _request(quota))
        else:
            yield Finding("quota", Level.OK, f"{quota.name}: {value:g}")


def _request(quota: Quota) -> str:
    return (
        "aws service-quotas request-service-quota-increase "
        f"--service-code {quota.service} --quota-code {quota.code} --desired-value {quota.least}"
    )
