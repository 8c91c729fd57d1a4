"""Hands an allocation to the job: profiles, variables, outputs, summary. Everything secret is masked before this."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Mapping

from atmosphere_action import credentials, lease, previous, profile, summary
from atmosphere_action.errors import AccountNotAllowed, FileTrouble, ProfileTrouble
from atmosphere_action.pace import Pace, clock_text

if TYPE_CHECKING:
    from atmosphere_action.grant import Grant
    from atmosphere_action.inputs import Inputs
    from atmosphere_action.runner import Runner

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
        self.runner.summary(summary.markdown(self.grant, waited=self.waited, hide_accounts=hide))
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
            if self.inputs.several:
                names = ", ".join(str(self.inputs.profile_of(each.name)) for each in self.grant.environments)
                self.runner.notice("Several environments", f"Use their profiles: {names}. No AWS_* variables are set.")
            return
        self._warn()
        first = self.grant.environments[0]
        place = lease.directory(self.environ, self.grant.id)
        lease.mark_exported(place, first.credentials.access_key_id, self._signing())
        previous.export(first, self.environ, self.runner)

    def _warn(self) -> None:
        if lease.exported_earlier(self.environ) is not None:
            text = (
                "an earlier step of this job also allocated an environment, and the AWS_* variables now belong to this "
                "step's: to use both, set `aws-profile` in one of the two steps"
            )
            self.runner.warning("AWS_* variables replaced", text)
        if self.environ.get("AWS_PROFILE"):
            text = (
                "AWS_PROFILE is set in this job, and some tools prefer it to the credentials of this step: "
                "do not set it, or use `aws-profile` and set AWS_PROFILE to its name"
            )
            self.runner.warning("AWS_PROFILE is set", text)

    def _signing(self) -> Mapping[str, Any] | None:
        signing: Mapping[str, Any] | None = self.common.get("signing")
        return signing

    def _say(self) -> None:
        hide = self.inputs.mask_account
        places = ", ".join(
            f"aws://{'***' if hide else environment.account}/{environment.region}"
            for environment in self.grant.environments
        )
        waited = clock_text(self.waited)
        self.runner.say(f"Allocated {places} after {waited}, until {self.grant.expires_at} ({self.grant.id})")
