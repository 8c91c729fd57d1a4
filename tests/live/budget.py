"""What a run may cost, what its tests are known to cost, and where each price comes from.

A cost is an upper estimate: counted calls times a price of `bench/price_list.py`, free tiers left out. It is reserved
before the test and never given back, so a run stays under its budget. AWS's bill comes a day later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bench.price_list import PRICES, Price

if TYPE_CHECKING:
    from collections.abc import Mapping

ALSO: Final = {
    "queue": Price("request to SQS", Decimal("0.40"), 1_000_000, "sqs/pricing/"),
    "question": Price("request to CloudWatch", Decimal("0.01"), 1_000, "cloudwatch/pricing/"),
    "series": Price("metric asked of GetMetricData", Decimal("0.01"), 1_000, "cloudwatch/pricing/"),
    "alarm hour": Price("alarm, an hour", Decimal("0.10") / 730, 1, "cloudwatch/pricing/"),
    "metric hour": Price("metric, an hour", Decimal("0.30") / 730, 1, "cloudwatch/pricing/"),
    "log line": Price("KB of logs", Decimal("0.50"), 1_000_000, "cloudwatch/pricing/"),
}
"""Prices of what only this suite asks for."""
PRICE_LIST: Final[Mapping[str, Price]] = {**PRICES, **ALSO}

_ONE_CALL: Final = {"api": 1, "invocation": 1, "compute": 1, "read": 6, "log line": 2}
_ALLOCATION: Final = {
    "api": 240,
    "invocation": 260,
    "compute": 320,
    "transition": 20,
    "write": 500,
    "read": 1600,
    "put": 60,
    "get": 60,
    "event": 4,
    "log line": 520,
}
"""With its cleanup, in passes of 30 s as in `bench/prices.py`, and with the questions asked until it is over."""


def _times(number: int, cost: Mapping[str, int]) -> dict[str, int]:
    return {unit: number * count for unit, count in cost.items()}


FREE: Final[Mapping[str, int]] = {}
"""IAM, STS, CloudFormation and listings: AWS charges nothing for them."""
COSTS: Final[Mapping[str, Mapping[str, int]]] = {
    # test_gateway.py
    "test_a_caller_of_a_listed_account_is_answered": _ONE_CALL,
    "test_a_caller_of_another_account_is_refused": _times(2, _ONE_CALL),
    "test_an_unsigned_request_is_refused_in_both_trees": _times(2, _ONE_CALL),
    "test_a_token_that_is_none_is_refused_by_the_authorizer_and_not_by_the_policy": _ONE_CALL,
    "test_the_policy_lets_a_real_token_through_to_the_authorizer": _times(2, _ONE_CALL),
    "test_a_role_without_the_permission_is_refused": _times(30, _ONE_CALL),
    "test_a_signature_for_another_service_or_region_is_refused": _times(2, _ONE_CALL),
    "test_a_wrong_key_is_refused_with_our_reason": _ONE_CALL,
    "test_a_body_over_the_gateways_limit_is_refused": _ONE_CALL,
    "test_the_custom_domain_answers_as_the_default_endpoint": _times(2, _ONE_CALL),
    # test_sessions.py
    "test_a_session_of_a_session_lasts_an_hour_at_most": FREE,
    "test_a_role_grants_no_longer_session_than_it_may": FREE,
    "test_a_session_policy_narrows_and_is_named_in_the_refusal": FREE,
    "test_a_refusal_names_the_kind_of_policy": FREE,
    "test_a_policy_of_the_organization_is_recognized": _ALLOCATION,
    "test_a_trust_by_the_arn_of_a_role_holds_for_its_sessions": FREE,
    "test_a_revoked_session_is_refused_and_a_later_one_is_not": FREE,
    "test_a_role_with_another_external_id_or_that_is_gone_is_refused": FREE,
    "test_a_deletion_that_aws_refuses": {"put": 4, "event": 1},
    "test_the_quotas_of_the_doctor_exist": FREE,
    # test_storage.py
    "test_a_transaction_is_whole_under_contention": {"write": 1000, "read": 4},
    "test_transactions_that_meet_are_cancelled_with_the_code_that_the_adapter_knows": {"write": 4000, "read": 4},
    "test_a_token_makes_a_transaction_once": {"write": 8, "read": 4},
    "test_a_failed_condition_returns_the_row": {"write": 8},
    "test_a_conditional_put_is_refused_where_the_object_is_another": {"put": 10, "get": 4},
    # test_machines.py
    "test_a_name_is_used_once": {"transition": 4},
    "test_the_same_start_while_it_runs_is_the_same_execution": {"transition": 4},
    "test_a_machine_ends_at_its_own_limit": {"transition": 4},
    "test_a_path_that_finds_nothing_fails_the_execution": {"transition": 4},
    "test_a_role_that_step_functions_may_not_assume_is_refused": {"transition": 2},
    "test_the_rule_calls_the_reconciler_every_minute": {"question": 2, "series": 2},
    # test_stacks.py
    "test_a_stack_whose_export_is_imported_is_refused": FREE,
    "test_a_stack_with_a_full_bucket_fails_to_be_deleted": {"put": 10},
    # test_watching.py
    "test_an_event_arrives_at_a_rule": {"event": 100, "queue": 200},
    "test_an_alarm_fires_on_an_injected_metric": {"alarm hour": 1, "metric hour": 1, "question": 100},
    "test_each_graph_of_the_dashboard_can_be_asked_for": {"question": 4, "series": 500},
    "test_the_dashboard_has_data": {"question": 4, "series": 500},
    # test_starting.py
    "test_a_start_with_byte_code_is_faster": {"invocation": 12, "compute": 60, "log line": 12},
    "test_functions_run_as_they_are_configured": FREE,
    # test_lending.py
    "test_the_npm_client_works_against_the_default_endpoint": _ALLOCATION,
    "test_what_a_test_leaves_is_gone_and_its_keys_are_refused": _times(2, _ALLOCATION),
}
"""Units of `PRICE_LIST` by test; a test without a row does not run."""


def cost_of(test: str) -> Decimal:
    """In USD. Raises `KeyError` that says what to do for a test whose cost is not known."""
    if test not in COSTS:
        raise KeyError(f"{test} has no known cost: give it a row in COSTS (tests/live/budget.py), FREE if it has none")
    return sum((PRICE_LIST[unit].of(Decimal(number)) for unit, number in COSTS[test].items()), Decimal(0))


@dataclass(slots=True)
class Budget:
    """What may be spent, what has been reserved by which test, and which would have exceeded it."""

    limit: Decimal
    reserved: dict[str, Decimal] = field(default_factory=dict)
    refused: dict[str, Decimal] = field(default_factory=dict)

    @property
    def spent(self) -> Decimal:
        """All that was reserved."""
        return sum(self.reserved.values(), Decimal(0))

    def reserve(self, test: str, cost: Decimal) -> bool:
        """Whether the test may run; if so, its cost is reserved. A test with several cases reserves for each."""
        if self.spent + cost > self.limit:
            self.refused[test] = cost
            return False
        self.reserved[test] = self.reserved.get(test, Decimal(0)) + cost
        return True
