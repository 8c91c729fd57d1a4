"""The inputs of the action: one table, read into one frozen value or a list of all problems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Mapping

from atmosphere_action import forms, shorthand
from atmosphere_action.errors import BadInputs
from atmosphere_action.runner import plain

_LONGEST_REQUESTER = 1024  # bytes
_FALLBACK_PROFILE = "atmosphere"  # starts the profiles' names where several environments name none


@dataclass(frozen=True)
class Input:
    """How one input is read; an empty one is `default`."""

    parse: Callable[[str], Any] = forms.text
    default: Any = None
    required: bool = False


# By their names in action.yml; `python` is for the shims, the last two for the post step.
INPUTS: dict[str, Input] = {
    "endpoint": Input(forms.endpoint, required=True),
    "pool": Input(required=True),
    "auth": Input(forms.choice("auto", "oidc", "iam"), "auto"),
    "audience": Input(),
    "requester": Input(),
    "constraints": Input(shorthand.constraints),
    "environments": Input(shorthand.environments),
    "accounts": Input(forms.choice("distinct", "any")),
    "duration": Input(forms.seconds),
    "wait-timeout": Input(forms.seconds, 1800),
    "role": Input(),
    "session-policy": Input(forms.policy),
    "aws-profile": Input(forms.profile),
    "overwrite-aws-profile": Input(forms.flag, default=False),
    "unset-current-credentials": Input(forms.flag, default=True),
    "output-env-credentials": Input(forms.flag),
    "output-credentials": Input(forms.flag, default=False),
    "mask-aws-account-id": Input(forms.flag, default=False),
    "allowed-account-ids": Input(forms.accounts),
    "python": Input(),
    "fail-on-release-error": Input(forms.flag, default=False),
    "job-status": Input(default="unknown"),
}


@dataclass(frozen=True)
class Inputs:
    """What the workflow asked for. `request` is the body of the allocate request but for the release token's hash."""

    endpoint: str
    auth: str
    audience: str
    wait_seconds: float
    request: Mapping[str, Any]
    several: bool
    aws_profile: str | None
    overwrite_profile: bool
    unset_current: bool
    export: bool
    output_credentials: bool
    mask_account: bool
    allowed_accounts: frozenset[str]

    @property
    def pool(self) -> str:
        """The pool's name."""
        return str(self.request["pool"])

    @property
    def uses_profiles(self) -> bool:
        """Whether tools get the credentials through profiles only."""
        return not self.export and (self.several or self.aws_profile is not None)

    def profile_of(self, environment: str) -> str | None:
        """The profile to write for an environment, if any."""
        if self.several:
            return f"{self.aws_profile or _FALLBACK_PROFILE}-{environment}"
        return self.aws_profile


def given(name: str, environ: Mapping[str, str]) -> str:
    """An input's text as the runner passes it, without spaces around it."""
    return environ.get(f"INPUT_{name.upper()}", "").strip()


def read(environ: Mapping[str, str]) -> Inputs:
    """All inputs, checked; raises `BadInputs`."""
    values, problems = _values(environ)
    problems += _contradictions(values)
    if problems:
        raise BadInputs(problems)
    several = len(values["environments"] or ()) > 1
    export = values["output-env-credentials"]
    return Inputs(
        endpoint=values["endpoint"],
        auth=values["auth"],
        audience=values["audience"] or values["endpoint"],
        wait_seconds=float(values["wait-timeout"]),
        request=_request(values, environ),
        several=several,
        aws_profile=values["aws-profile"],
        overwrite_profile=values["overwrite-aws-profile"],
        unset_current=values["unset-current-credentials"],
        export=not several and (values["aws-profile"] is None if export is None else export),
        output_credentials=values["output-credentials"],
        mask_account=values["mask-aws-account-id"],
        allowed_accounts=values["allowed-account-ids"] or frozenset(),
    )


def _values(environ: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, spec in INPUTS.items():
        text = given(name, environ)
        values[name] = spec.default
        if text:
            try:
                values[name] = spec.parse(text)
            except ValueError as wrong:
                problems.append(f"`{name}` {wrong}")
        elif spec.required:
            problems.append(f"`{name}` is missing: set it under `with:`")
    return values, problems


def _contradictions(values: Mapping[str, Any]) -> list[str]:
    problems = []
    if values["environments"]:
        problems += [
            f"`{name}` cannot be combined with `environments`: put it in each environment's line"
            for name in ("constraints", "role")
            if values[name]
        ]
    elif values["accounts"]:
        problems.append("`accounts` is valid only with `environments`: remove it")
    if values["output-env-credentials"] and len(values["environments"] or ()) > 1:
        problems.append("`output-env-credentials` can export one environment only, not several: use their profiles")
    return problems


def _request(values: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    body = {
        "pool": values["pool"],
        "requester": values["requester"] or default_requester(environ),
        "constraints": values["constraints"] or None,
        "environments": values["environments"] or None,
        "accounts": values["accounts"],
        "durationSeconds": values["duration"],
        "role": values["role"],
        "sessionPolicy": values["session-policy"],
    }
    return {name: value for name, value in body.items() if value is not None}


def default_requester(environ: Mapping[str, str]) -> str:
    """Repository, workflow, run, attempt and job: what a person needs to find the run."""
    words = (
        environ.get("GITHUB_REPOSITORY", "unknown repository"),
        environ.get("GITHUB_WORKFLOW", ""),
        f"run {environ.get('GITHUB_RUN_ID', 'unknown')}.{environ.get('GITHUB_RUN_ATTEMPT', '1')}",
        f"job {environ.get('GITHUB_JOB', 'unknown')}",
    )
    line = plain(" ".join(word for word in words if word))
    ordinary = "".join(character if character.isprintable() else "?" for character in line)
    return ordinary.encode("utf-8", "replace")[:_LONGEST_REQUESTER].decode("utf-8", "ignore")
