"""SES: senders, configurations and what is done to mail that comes in.

Source: the SES API references; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Errors
from atmosphere.cleanup.catalogue.row import Call, Listing, Row, Step

_SES: Final = Errors(absent=("NotFoundException",), busy=("ConcurrentModificationException",))

ROWS: Final = (
    Row(
        name="AWS::SES::EmailIdentity",
        service="sesv2",
        listing=Listing("list_email_identities", "IdentityName", members="EmailIdentities"),
        see=Call("get_email_identity"),
        remove=Call("delete_email_identity"),
        errors=_SES,
    ),
    Row(
        name="AWS::SES::ConfigurationSet",
        service="sesv2",
        listing=Listing("list_configuration_sets", members="ConfigurationSets"),
        see=Call("get_configuration_set"),
        remove=Call("delete_configuration_set"),
        errors=_SES,
    ),
    # The active one is deleted by nobody: then none is active. Where SES receives no mail it has no such action.
    Row(
        name="AWS::SES::ReceiptRuleSet",
        service="ses",
        listing=Listing("list_receipt_rule_sets", "Name", "CreatedTimestamp"),
        see=Call("describe_receipt_rule_set"),
        rare=(Step(call=Call("set_active_receipt_rule_set", ("",))),),
        remove=Call("delete_receipt_rule_set"),
        errors=Errors(absent=("RuleSetDoesNotExist",), busy=("CannotDelete",), closed=("InvalidAction",)),
    ),
)
