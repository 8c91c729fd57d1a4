"""The hard scenarios of cleaning, by number, each with the tests that show it.

The numbers are those of the research that the engine was built from. A scenario without tests is excepted, with the
reason. Paths are relative to `tests/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens; the node ids of the tests that show it, or why there are none."""

    what: str
    tests: tuple[str, ...] = ()
    excepted: str = ""


def _in(module: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{module}.py::{name}" for name in names)


SCENARIOS: Final[dict[int, Scenario]] = {
    1: Scenario(
        "a versioned bucket with pages of versions, markers and uploads; one key fails inside a reply of 200",
        _in("cleanup/test_stacks_lane", "test_a_bucket_of_more_than_a_page_of_versions_is_emptied")
        + _in("cleanup/test_buckets", "test_objects_that_cannot_be_deleted_are_counted_although_the_reply_is_200"),
    ),
    2: Scenario(
        "governance lock, legal hold, compliance lock",
        _in(
            "cleanup/test_buckets",
            "test_a_governance_lock_is_bypassed",
            "test_a_legal_hold_is_lifted",
            "test_objects_that_cannot_be_deleted_are_counted_although_the_reply_is_200",
        ),
    ),
    3: Scenario(
        "a bucket is refilled while it is emptied",
        _in(
            "cleanup/test_buckets",
            "test_a_bucket_that_is_refilled_goes_in_a_later_round",
            "test_a_bucket_that_is_refilled_for_ever_is_reported",
        ),
    ),
    4: Scenario(
        "a bucket's policy denies everybody everything",
        _in("cleanup/test_buckets", "test_a_policy_that_denies_deleting_is_removed_first"),
    ),
    5: Scenario(
        "a stack fails to delete on a bucket; the blocker goes and the stack after it",
        _in(
            "cleanup/test_stack_graph",
            "test_a_stack_that_failed_on_a_bucket_goes_once_the_bucket_is_emptied_and_deleted",
        )
        + _in("cleanup/test_stacks_lane", "test_a_stack_that_failed_to_delete_before_is_unblocked_and_deleted"),
    ),
    6: Scenario(
        "a stack fails to delete on a type without a row",
        _in(
            "cleanup/test_stubborn_stacks",
            "test_a_blocker_of_a_type_without_a_row_is_deleted_by_its_id_and_the_stack_goes",
            "test_a_resource_that_is_gone_but_fails_to_delete_in_a_nested_stack_is_left_behind_by_force",
        ),
    ),
    7: Scenario(
        "force leaves something behind",
        _in(
            "cleanup/test_stack_graph",
            "test_what_force_left_behind_and_is_there_again_keeps_the_environment_from_being_clean",
        ),
    ),
    8: Scenario(
        "a chain of exporters and importers",
        _in("cleanup/test_stubborn_stacks", "test_a_chain_of_exports_goes_from_its_end_and_strangers_do_not_wait"),
    ),
    9: Scenario(
        "the bootstrap stack owns the role of three stacks; with and without an admin role that CloudFormation may use",
        _in("cleanup/test_stack_graph", "test_the_bootstrap_stack_goes_after_the_three_stacks_that_remember_its_role")
        + _in("cleanup/test_stubborn_stacks", "test_an_admin_role_that_cloudformation_may_not_use_is_left_out"),
    ),
    10: Scenario(
        "nested three deep, the blocker in a child",
        _in("cleanup/test_stack_graph", "test_a_blocker_three_stacks_deep_is_deleted_and_only_the_root_is_told"),
    ),
    11: Scenario(
        "termination protection on the root and on what is nested",
        _in("cleanup/test_stack_graph", "test_protection_of_a_root_and_of_all_that_is_nested_in_it_comes_off"),
    ),
    12: Scenario(
        "stacks in the middle of something when the environment is released",
        _in("cleanup/test_stack_graph", "test_a_stack_goes_whatever_status_it_is_met_in")
        + _in(
            "cleanup/test_stubborn_stacks",
            "test_an_update_is_cancelled_and_the_stack_deleted_when_it_has_rolled_back",
        ),
    ),
    13: Scenario(
        "a custom resource whose provider is missing, broken or locked in its VPC does not cost an hour",
        _in(
            "cleanup/test_custom_resources",
            "test_a_missing_provider_fails_the_stack_at_once_and_its_custom_resource_is_let_go_of",
            "test_a_silent_custom_resource_ends_the_cleanup_within_minutes_of_its_limit_and_is_named",
            "test_what_keeps_a_provider_from_answering_is_told_with_its_custom_resource",
            "test_a_provider_that_is_locked_in_its_vpc_is_taken_out_before_the_stack_is_deleted",
        ),
    ),
    14: Scenario(
        "the blocker is number 150 of 180 resources",
        _in("cleanup/test_stack_graph", "test_the_blocker_of_a_stack_of_180_is_found_as_number_150"),
    ),
    15: Scenario(
        "the test destroyed its stack itself; what it retained is found through the ledger",
        _in(
            "cleanup/test_long_tail",
            "test_what_a_stack_kept_that_the_test_destroyed_is_found_through_the_ledger_without_any_listing",
        )
        + _in("cleanup/test_stacks_lane", "test_what_a_stack_retained_when_the_test_deleted_it_goes"),
    ),
    16: Scenario(
        "the same in a second region",
        _in("cleanup/test_long_tail", "test_what_stacks_kept_that_the_test_destroyed_in_two_regions_is_found_in_both"),
    ),
    17: Scenario(
        "a log group is made again by a late write after the sweep",
        _in("cleanup/test_passes", "test_a_log_group_that_a_late_write_makes_again_is_found_by_the_second_look")
        + _in(
            "cleanup/test_stubborn_stacks",
            "test_something_that_comes_back_between_the_two_looks_is_deleted_and_both_looks_are_repeated",
        ),
    ),
    18: Scenario(
        "the listing of a type is denied",
        _in("cleanup/test_safety", "test_a_listing_that_fails_is_never_taken_for_an_empty_one")
        + _in("cleanup/test_passes", "test_a_denied_listing_is_unknown_and_never_clean"),
    ),
    19: Scenario(
        "a service is not there or closed",
        _in(
            "cleanup/test_passes",
            "test_a_service_that_is_closed_by_its_own_word_is_left_out_and_reported",
            "test_a_service_that_is_closed_without_its_type_saying_how_is_unknown",
            "test_a_service_that_aws_does_not_have_in_the_region_is_left_out_and_one_out_of_reach_is_not",
            "test_a_type_that_the_settings_skip_is_neither_listed_nor_deleted_and_every_report_says_so",
        ),
    ),
    20: Scenario(
        "an endpoint hangs",
        _in("cleanup/test_passes", "test_an_endpoint_that_does_not_answer_is_unknown_after_the_time_to_connect"),
    ),
    21: Scenario(
        "a network interface of a function stays for half an hour",
        _in(
            "cleanup/test_long_tail",
            "test_functions_leave_their_vpc_before_their_stack_is_deleted",
            "test_what_stands_in_a_subnet_for_half_an_hour_is_deferred_or_keeps_the_environment_from_being_clean",
        ),
    ),
    22: Scenario(
        "a replica at the edge",
        _in(
            "cleanup/test_long_tail",
            "test_a_replica_at_the_edge_is_deferred_where_the_pool_allows_it_and_retried_at_the_next_cleaning",
        )
        + _in(
            "cleanup/test_passes",
            "test_a_stack_lets_go_of_what_may_remain_and_it_is_tried_by_its_id_at_every_later_cleaning",
            "test_debt_is_counted_once_for_a_cleaning_and_retried_by_the_next_until_it_is_paid",
        ),
    ),
    23: Scenario(
        "security groups that name each other, and a rule of the baseline that names one of them",
        _in("cleanup/test_contents", "test_the_rules_of_a_group_are_put_back_also_where_they_name_what_a_test_left")
        + _in("cleanup/test_entangled", "test_groups_that_name_each_other_and_are_named_by_a_kept_one"),
    ),
    24: Scenario(
        "a VPC with everything in it; the default VPC",
        _in(
            "cleanup/test_contents",
            "test_a_default_network_that_is_gone_is_made_anew",
            "test_a_default_subnet_that_is_gone_is_made_anew",
        ),
    ),
    25: Scenario(
        "a trapped role; roles that are nobody's leftover",
        _in(
            "cleanup/test_kept_baseline",
            "test_no_name_of_a_role_keeps_it_and_none_of_the_baseline_is_named_in_a_change",
        )
        + _in("cleanup/test_passes", "test_fifteen_kinds_of_leftovers_go_and_what_was_there_before_stays"),
    ),
    26: Scenario(
        "a user with keys makes something anew in every pass",
        _in(
            "cleanup/test_passes",
            "test_a_user_who_makes_things_anew_is_stopped_by_taking_his_keys_first",
            "test_what_is_made_anew_under_other_names_as_fast_as_it_is_deleted_is_no_progress",
        ),
    ),
    27: Scenario(
        "rules and groups that start things again",
        _in(
            "cleanup/test_passes",
            "test_what_makes_things_anew_is_stopped_before_anything_is_deleted",
            "test_a_rule_that_a_live_stack_owns_is_stopped_before_the_stack_is_deleted",
            "test_a_kept_rule_is_not_stopped",
        ),
    ),
    28: Scenario(
        "a managed rule that cannot be deleted",
        _in("cleanup/test_passes", "test_a_managed_rule_that_cannot_be_deleted_is_nobodys_leftover"),
    ),
    29: Scenario(
        "the wrong account, a stale allocation, a row that is not cleaning",
        _in(
            "cleanup/test_safety",
            "test_another_account_is_never_touched",
            "test_sts_has_the_last_word_on_which_account_it_is",
        )
        + _in(
            "operations/test_clean",
            "test_a_cleanup_of_another_allocation_attempt_or_environment_is_superseded",
            "test_a_cleanup_is_superseded_where_nothing_is_cleaned",
        )
        + _in("handlers/test_cleanup", "test_a_pass_that_was_superseded_is_done_and_runs_nothing"),
    ),
    30: Scenario(
        "a plan changes nothing, for any type",
        _in("cleanup/catalogue/test_rows", "test_looking_finds_it_and_changes_nothing")
        + _in("cleanup/test_safety", "test_a_plan_tells_what_would_go_and_changes_nothing")
        + _in(
            "cleanup/test_surveying",
            "test_a_plan_can_list_every_type_and_delete_none",
            "test_a_plan_names_everything_that_would_go_and_changes_and_writes_nothing",
        ),
    ),
    31: Scenario(
        "a leftover that the test tagged as protected",
        _in("cleanup/test_kept_baseline", "test_tags_neither_save_a_leftover_nor_cost_the_baseline_anything"),
    ),
    32: Scenario(
        "a role of the baseline is deleted and made anew",
        _in("cleanup/test_kept_baseline", "test_a_role_made_anew_under_the_same_name_is_told_and_left"),
    ),
    33: Scenario(
        "records of a zone added, changed, removed",
        _in("cleanup/test_contents", "test_the_records_of_a_zone_are_put_back_exactly"),
    ),
    34: Scenario(
        "a setting of the account is changed",
        _in("cleanup/test_contents", "test_a_setting_of_the_account_that_a_test_changed_is_put_back"),
    ),
    35: Scenario(
        "CDKToolkit kept and emptied, or gone",
        _in(
            "cleanup/test_kept_baseline",
            "test_a_kept_toolkit_stays_and_is_emptied",
            "test_a_toolkit_that_a_test_made_is_a_leftover",
        ),
    ),
    36: Scenario(
        "two environments in one account",
        _in(
            "cleanup/test_crashes",
            "test_a_neighbour_registered_and_allocated_at_any_call_loses_nothing",
            "test_beside_a_neighbour_what_belongs_to_the_account_is_left_and_the_report_says_so",
            "test_alone_in_the_account_what_belongs_to_it_goes",
        )
        + _in("operations/test_clean", "test_a_cleanup_that_is_not_alone_any_more_is_superseded"),
    ),
    37: Scenario(
        "killed after every change in turn",
        _in("cleanup/test_crashes", "test_a_cleanup_killed_at_any_change_ends_in_the_same_state_as_one_that_was_not")
        + _in("cleanup/test_safety", "test_a_cleanup_killed_after_any_change_ends_the_same_when_it_runs_again"),
    ),
    38: Scenario(
        "a storm of throttling, and changes whose replies are lost",
        _in(
            "cleanup/test_crashes",
            "test_a_storm_that_throttles_a_tenth_of_all_calls_to_the_end_passes",
            "test_changes_whose_replies_are_lost_are_found_done_and_counted_once",
        ),
    ),
    39: Scenario(
        "2000 leftovers",
        _in("cleanup/test_passes", "test_two_thousand_leftovers_go_and_what_travels_from_pass_to_pass_stays_small"),
    ),
    40: Scenario(
        "the deadline in the middle of a pass, and against a late success",
        _in("cleanup/test_passes", "test_the_deadline_in_the_middle_of_a_round_stops_every_further_change")
        + _in("cleanup/test_safety", "test_nothing_is_changed_at_or_after_the_deadline")
        + _in("operations/test_clean", "test_a_cleanup_that_has_ended_meanwhile_is_superseded_at_the_write"),
    ),
    41: Scenario(
        "two cleanups for one allocation",
        _in("cleanup/test_safety", "test_two_passes_of_one_cleanup_at_the_same_time_do_no_harm")
        + _in("handlers/test_cleanup", "test_a_pass_that_was_superseded_is_done_and_runs_nothing"),
    ),
    42: Scenario(
        "no progress is told in minutes, with reasons; an operator's retry cleans",
        _in(
            "cleanup/test_passes",
            "test_what_cannot_be_deleted_for_minutes_ends_it_with_the_reason",
            "test_only_fatal_troubles_are_dirty_after_one_round",
            "test_a_cleanup_that_was_blocked_succeeds_when_an_operator_lets_it_run_again",
        )
        + _in(
            "cleanup/test_tally",
            "test_a_blocker_is_told_with_its_stack_its_first_error_and_what_its_last_one_names",
            "test_the_first_error_stays_when_the_last_is_another",
        ),
    ),
    43: Scenario(
        "a clean environment",
        _in("cleanup/test_passes", "test_an_environment_in_which_nothing_is_left_costs_two_looks_and_changes_nothing")
        + _in("cleanup/test_surveying", "test_a_look_at_an_empty_account_takes_as_many_calls_as_the_page_says"),
    ),
    44: Scenario(
        "a region is switched off",
        _in("cleanup/test_passes", "test_a_region_that_is_off_is_left_out_only_if_it_was_off_before_the_first_test"),
    ),
    45: Scenario(
        "a listing suddenly returns ten times the ceiling",
        _in("cleanup/test_passes", "test_more_leftovers_than_can_be_believed_are_reported_and_left_alone"),
    ),
    46: Scenario(
        "a stack of a test owns something of the baseline",
        _in("cleanup/test_safety", "test_a_stack_that_owns_something_of_the_baseline_is_reported_and_left")
        + _in(
            "cleanup/test_stack_graph",
            "test_a_stack_that_owns_something_of_the_baseline_is_left_alone_with_all_that_it_owns",
        ),
    ),
    47: Scenario(
        "AWS takes minutes or hours for what it accepted to delete",
        _in(
            "cleanup/test_patience",
            "test_a_deletion_that_says_that_it_is_under_way_is_waited_for",
            "test_interfaces_of_deleted_functions_and_load_balancers_are_waited_for",
            "test_nothing_is_waited_for_longer_than_its_time_out_allows",
        ),
    ),
    48: Scenario(
        "AWS refuses until a date",
        _in("cleanup/test_dates", "test_it_is_final_at_the_first_attempt_and_the_report_says_when_it_ends")
        + _in(
            "operations/test_reconcile",
            "test_a_dirty_environment_is_cleaned_again_when_its_date_has_come_and_not_before",
        ),
    ),
    49: Scenario(
        "what a stack keeps holds up the stack",
        _in(
            "cleanup/test_kept_members",
            "test_a_kept_group_that_holds_the_network_of_its_own_stack_goes_before_it",
            "test_a_kept_member_that_takes_aws_minutes_is_waited_for",
        ),
    ),
    50: Scenario(
        "something kept uses a leftover",
        _in(
            "cleanup/test_held",
            "test_one_of_several_certificates_is_taken_off_a_kept_listener",
            "test_a_default_certificate_is_not_and_the_report_names_the_listener",
        ),
    ),
    51: Scenario(
        "what is put back is read as what it was",
        _in("cleanup/test_put_back", "test_a_setting_that_was_put_back_is_read_as_what_it_was"),
    ),
}
