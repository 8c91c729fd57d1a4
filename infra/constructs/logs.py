"""How a log group is kept: for how long, and under which key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from aws_cdk import CfnDeletionPolicy, RemovalPolicy
from aws_cdk import aws_logs as logs

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from constructs import Construct

_DAYS: Final = {
    30: logs.RetentionDays.ONE_MONTH,
    60: logs.RetentionDays.TWO_MONTHS,
    90: logs.RetentionDays.THREE_MONTHS,
    120: logs.RetentionDays.FOUR_MONTHS,
    150: logs.RetentionDays.FIVE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
    400: logs.RetentionDays.THIRTEEN_MONTHS,
    545: logs.RetentionDays.EIGHTEEN_MONTHS,
    731: logs.RetentionDays.TWO_YEARS,
    1096: logs.RetentionDays.THREE_YEARS,
    1827: logs.RetentionDays.FIVE_YEARS,
    2192: logs.RetentionDays.SIX_YEARS,
    2557: logs.RetentionDays.SEVEN_YEARS,
    2922: logs.RetentionDays.EIGHT_YEARS,
    3288: logs.RetentionDays.NINE_YEARS,
    3653: logs.RetentionDays.TEN_YEARS,
}
"""What CloudWatch Logs offers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How the log groups of a deployment are kept."""

    days: int
    key: kms.IKey | None = None

    def group(self, scope: Construct, construct_id: str, name: str | None) -> logs.LogGroup:
        """A log group of this name. It goes with the stack: one that stayed would stop the next deployment.

        Without a name CloudFormation gives it one that is never given again, so it stays.
        """
        made = logs.LogGroup(
            scope,
            construct_id,
            log_group_name=name,
            retention=_DAYS[self.days],
            encryption_key=self.key,
            removal_policy=RemovalPolicy.DESTROY if name else RemovalPolicy.RETAIN,
        )
        if not name:  # one that had a name and is replaced would stop a roll-back to it
            cast(
                "logs.CfnLogGroup", made.node.default_child
            ).cfn_options.update_replace_policy = CfnDeletionPolicy.DELETE
        return made
