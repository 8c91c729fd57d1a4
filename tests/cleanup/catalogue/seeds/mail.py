"""Seeds of SES."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.cleanup.catalogue.frame import Backend, Rule, Seed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cleanup.catalogue.frame import Clients


def _identity(clients: Clients) -> str:
    clients("sesv2").create_email_identity(EmailIdentity="seeded.example.com")
    return "seeded.example.com"


def _configuration_set(clients: Clients) -> str:
    clients("sesv2").create_configuration_set(ConfigurationSetName="seeded-configuration")
    return "seeded-configuration"


def _rule_set(clients: Clients) -> str:
    ses = clients("ses")
    ses.create_receipt_rule_set(RuleSetName="seeded-rules")
    ses.set_active_receipt_rule_set(RuleSetName="seeded-rules")
    return "seeded-rules"


def _is_active(clients: Clients, asked: Mapping[str, str]) -> object:
    active = clients("ses").describe_active_receipt_rule_set().get("Metadata", {})
    return active.get("Name") == asked["RuleSetName"]


SEEDS: Final = (
    Seed(type="AWS::SES::EmailIdentity", make=_identity),
    Seed(type="AWS::SES::ConfigurationSet", make=_configuration_set, on=Backend.EMULATOR),
    Seed(
        type="AWS::SES::ReceiptRuleSet",
        make=_rule_set,
        rules=(Rule("DeleteReceiptRuleSet", "CannotDelete", _is_active),),
    ),
)
