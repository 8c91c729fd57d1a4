"""Hands an allocation to the job: profiles, variables, outputs, summary. Everything secret is masked before this."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Mapping

from atmosphere_action import credentials, identity, lease, previous, profile, summary
from atmosphere_action.errors import AccountNotAllowed, FileTrouble, ProfileTrouble
from atmosphere_action.pace import Pace, clock_text

if TYPE_CHECKING:
    from atmosphere_action.grant import Grant
    from atmosphere_action.inputs import Inputs
    from atmosphere_action.runner import Runner

_EMPTIED = (
    "The job's AWS_ACCESS_KEY_ID and its related variables are empty until the post step restores them, because boto3, "
    "the AWS CLI and the CDK CLI prefer them to AWS_PROFILE. `unset-current-credentials: false` keeps them."
)
_KEPT = (
    "AWS_ACCESS_KEY_ID is set in this job: with AWS_PROFILE, boto3, the AWS CLI and the CDK CLI use it and work in "
    "another account. Remove `unset-current-credentials: false`, or name the profile in each command (`--profile`)."
)
_WORK = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@dataclass(frozen=True)
class Delivery:
    """One allocation for one job. `common` is what a lease file keeps of who asks."""

    grant: Grant
    inputs: Inputs
    environ: Mapping[str, str]
    runner: Runner
    pace: Pace
    common: Mapping[str, Any]
    waited: float

    def deliver(self) -> None:
        """All of it; raises `AccountNotAllowed`, `ProfileTrouble`, `FileTrouble`. What fails here is given back."""
        self._guard()
        try:
            self._profiles()
        except FileTrouble as trouble:
            raise ProfileTrouble(str(trouble)) from trouble
        self._outputs()
        self._variables()
        hide = self.inputs.mask_account
        lines = self._remarks()
        self.runner.summary(summary.markdown(self.grant, waited=self.waited, hide_accounts=hide, remarks=lines))
        self._say()

    def _guard(self) -> None:
        if self.inputs.mask_account:
            for environment in self.grant.environments:
                self.runner.mask(environment.account)
        allowed = self.inputs.allowed_accounts
        wrong = sorted({environment.account for environment in self.grant.environments} - allowed)
        if allowed and wrong:
            raise AccountNotAllowed(
                f"the service allocated account {', '.join(wrong)}, which is not in `allowed-account-ids`; the post "
                "step releases it. Correct the list, or request an account: `constraints: account=ID`"
            )

    def _profiles(self) -> None:
        place = lease.directory(self.environ, self.grant.id)
        profiles = self._wanted(place)
        if not profiles:
            return
        self.runner.state("profiles", json.dumps(profile.kept(profiles, profile.config_file(self.environ))))
        lease.write(place, self.grant, self.common)
        credentials.remember(lease.lease_file(place, 0), self.grant, pace=self.pace)
        profile.write(profiles, self.environ, overwrite=self.inputs.overwrite_profile)

    def _wanted(self, place: str) -> list[profile.Profile]:
        python = self.environ.get("ATMOSPHERE_ACTION_PYTHON") or sys.executable
        wanted = []
        for index, environment in enumerate(self.grant.environments):
            name = self.inputs.profile_of(environment.name)
            if name is not None:
                command = profile.command(python, _WORK, lease.lease_file(place, index))
                wanted.append(profile.Profile(name, environment.region, command))
        return wanted

    def _outputs(self) -> None:
        first = self.grant.environments[0]
        outputs = {
            "allocation-id": self.grant.id,
            "aws-account-id": first.account,
            "aws-region": first.region,
            "expires-at": self.grant.expires_at,
            "environments": json.dumps([environment.told() for environment in self.grant.environments]),
            "capabilities": json.dumps(dict(first.capabilities)),
            "waited-seconds": str(round(self.waited)),
        }
        if self.inputs.output_credentials and not self.inputs.several:
            outputs["aws-access-key-id"] = first.credentials.access_key_id
            outputs["aws-secret-access-key"] = first.credentials.secret_access_key
            outputs["aws-session-token"] = first.credentials.session_token
        for name, value in outputs.items():
            self.runner.output(name, value)

    def _variables(self) -> None:
        if not self.inputs.export:
            self._step_aside()
            return
        self._warn()
        first = self.grant.environments[0]
        place = lease.directory(self.environ, self.grant.id)
        lease.mark_exported(place, first.credentials.access_key_id, self._signing())
        previous.export(first, self.environ, self.runner)

    def _step_aside(self) -> None:
        """Without exported credentials, nothing in the job's variables may win over the profiles unnoticed."""
        if self.inputs.several:
            names = ", ".join(str(self.inputs.profile_of(each.name)) for each in self.grant.environments)
            self.runner.notice("Several environments", f"Use their profiles: {names}. No AWS_* variables are set.")
        if not self.inputs.uses_profiles:
            return
        if not self.inputs.unset_current:
            if previous.has_keys(self.environ):
                self.runner.warning("AWS_* variables win over the profile", _KEPT)
        else:
            self._empty()
        if self.environ.get("AWS_DEFAULT_PROFILE"):
            text = "boto3 and the AWS CLI prefer AWS_DEFAULT_PROFILE to AWS_PROFILE: remove it from this job"
            self.runner.warning("AWS_DEFAULT_PROFILE is set", text)

    def _empty(self) -> None:
        regions = {environment.region for environment in self.grant.environments}
        signer = identity.of_variables(self.environ)
        if previous.empty(regions, self.environ, self.runner):
            lease.mark_emptied(lease.directory(self.environ, self.grant.id), signer)
            self.runner.notice("AWS_* variables are empty", _EMPTIED)
        named = [name for name in previous.REGIONS if self.environ.get(name)]
        if len(regions) > 1 and named:
            text = (
                f"tools use the region of {' and '.join(named)} with every profile: remove it, or set it in each step"
            )
            self.runner.warning("The job's region wins over the profiles", text)

    def _warn(self) -> None:
        if lease.exported_earlier(self.environ) is not None:
            text = (
                "an earlier step of this job also allocated an environment, and the AWS_* variables now belong to this "
                "step's: to use both, set `aws-profile` in both steps, to different names"
            )
            self.runner.warning("AWS_* variables replaced", text)
        named = previous.profile_set(self.environ)
        if named:
            text = (
                f"{named} is set in this job, and some tools prefer it to the credentials of this step: "
                "remove it, or use `aws-profile` and set AWS_PROFILE to its name"
            )
            self.runner.warning(f"{named} is set", text)

    def _signing(self) -> Mapping[str, Any] | None:
        signing: Mapping[str, Any] | None = self.common.get("signing")
        return signing

    def _remarks(self) -> list[str]:
        """What the summary says on how to use the credentials."""
        if not self.inputs.uses_profiles:
            return []
        names = [str(self.inputs.profile_of(each.name)) for each in self.grant.environments]
        remarks = [f"Set `AWS_PROFILE` to {' or '.join(f'`{name}`' for name in names)} in the steps that use it."]
        if previous.has_keys(self.environ):
            remarks.append(_EMPTIED if self.inputs.unset_current else f"Warning: {_KEPT}")
        return remarks

    def _say(self) -> None:
        hide = self.inputs.mask_account
        places = ", ".join(
            f"aws://{'***' if hide else environment.account}/{environment.region}"
            for environment in self.grant.environments
        )
        waited = clock_text(self.waited)
        self.runner.say(f"Allocated {places} after {waited}, until {self.grant.expires_at} ({self.grant.id})")
