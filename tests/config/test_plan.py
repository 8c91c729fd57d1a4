"""A plan tells a reviewer what putting a configuration in force changes, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atmosphere.config.load import load
from atmosphere.config.plan import Kind, Step, plan
from tests.config.conftest import EXAMPLES

if TYPE_CHECKING:
    from tests.config.conftest import Configuration

ADDED = """  - name: nightly
    repository: example-org/other
    repository_id: "12"
    repository_owner_id: "91234567"
    pools: [demo]
    events: [schedule]
    environment: nightly
    max_active: 1
"""


def changes(configuration: Configuration) -> tuple[Step, ...]:
    return plan(load(EXAMPLES), load(configuration.directory)).steps


def test_the_same_configuration_changes_nothing(configuration: Configuration) -> None:
    configuration.append("environments.yaml", "# a remark\n")

    assert changes(configuration) == ()


def test_an_environment_that_goes_is_drained_and_its_pool_with_it(configuration: Configuration) -> None:
    text = configuration.text("environments.yaml")
    configuration.write("environments.yaml", text[: text.index('  - account: "555555555555"')])
    configuration.replace("access.yaml", ", europe", "")

    found = changes(configuration)

    assert [(step.kind, step.subject) for step in found] == [
        (Kind.DRAINED, "aws://555555555555/eu-west-1"),
        (Kind.CHANGED, "rule integration-tests"),
        (Kind.REMOVED, "pool europe"),
    ]
    assert "it is no longer allocated" in found[0].effect


def test_a_new_environment_is_added_with_its_pool(configuration: Configuration) -> None:
    configuration.append(
        "environments.yaml",
        '  - account: "666666666666"\n    region: us-east-1\n    pool: release\n    capabilities: []\n'
        "    admin_role: arn:aws:iam::666666666666:role/AtmosphereAdmin\n",
    )

    (step,) = changes(configuration)

    assert (step.kind, step.subject, step.details) == (Kind.ADDED, "aws://666666666666/us-east-1", ("pool: release",))


def test_a_changed_environment_says_what_and_when(configuration: Configuration) -> None:
    configuration.replace("environments.yaml", "pool: release", "pool: demo")
    configuration.replace("access.yaml", ", release", "")
    configuration.replace("access.yaml", ", release", "")

    first = changes(configuration)[0]

    assert (first.kind, first.details) == (Kind.CHANGED, ("pool: release -> demo",))
    assert first.effect == "takes effect when it is next free"


def test_access_and_settings_show_their_values(configuration: Configuration) -> None:
    configuration.replace("access.yaml", "max_active: 8", "max_active: 9")
    configuration.replace("access.yaml", "role: operator", "role: keeper")
    configuration.replace("settings.yaml", "session_seconds: 10800", "session_seconds: 3600")

    found = changes(configuration)

    assert [(step.kind, step.subject, step.details) for step in found] == [
        (Kind.CHANGED, "rule integration-tests", ("max_active: 8 -> 9",)),
        (Kind.ADDED, "operator 111111111111:role/keeper", ()),
        (Kind.REMOVED, "operator 111111111111:role/operator", ()),
        (Kind.CHANGED, "settings", ("session_seconds: 10800 -> 3600",)),
    ]


def test_a_new_github_rule_says_all_that_restricts_it_and_a_changed_one_what_changed(
    configuration: Configuration,
) -> None:
    configuration.replace("access.yaml", "refs: [refs/heads/main]", "refs: [refs/heads/main, refs/tags/v1]")
    configuration.replace("access.yaml", "operators:", ADDED + "operators:")
    configuration.replace("settings.yaml", "audience: https://atmosphere", "audience: https://other")

    found = changes(configuration)

    assert [(step.kind, step.subject, step.details) for step in found] == [
        (
            Kind.CHANGED,
            "rule example-workflows",
            ('refs: ["refs/heads/main"] -> ["refs/heads/main","refs/tags/v1"]',),
        ),
        (
            Kind.ADDED,
            "rule nightly",
            (
                'pools: ["demo"]',
                "repository: example-org/other",
                "repository_id: 12",
                'events: ["schedule"]',
                "environment: nightly",
            ),
        ),
        (
            Kind.CHANGED,
            "settings",
            ("audience: https://atmosphere.example.com -> https://other.example.com",),
        ),
    ]


def test_a_github_rule_that_goes_locks_its_callers_out(configuration: Configuration) -> None:
    text = configuration.text("access.yaml")
    configuration.write("access.yaml", text[: text.index("github:")] + text[text.index("operators:") :])

    (step,) = changes(configuration)

    assert (step.kind, step.subject) == (Kind.REMOVED, "rule example-workflows")
    assert step.effect == "its callers are refused immediately"


def test_a_role_name_that_goes_while_environments_have_it_is_warned_of(configuration: Configuration) -> None:
    for account in ("2" * 12, "3" * 12, "4" * 12, "5" * 12):
        configuration.replace("environments.yaml", f"{account}:role/AtmosphereAdmin", f"{account}:role/Other")
    configuration.replace("settings.yaml", "[AtmosphereAdmin]", "[Other]")

    (step,) = [step for step in changes(configuration) if step.subject == "settings"]

    assert step.effect.startswith("the service may no longer assume AtmosphereAdmin: environments that still have it")


def test_a_role_name_that_nothing_had_goes_without_a_warning(configuration: Configuration) -> None:
    configuration.replace("settings.yaml", "[AtmosphereAdmin]", "[AtmosphereAdmin, Unused]")
    old, new = load(configuration.directory), load(EXAMPLES)

    (step,) = plan(old, new).steps

    assert (step.subject, step.effect) == ("settings", "")


def test_one_and_true_are_a_change_of_their_environment(configuration: Configuration) -> None:
    configuration.replace("environments.yaml", "public-network: true", "public-network: 1")

    (step,) = changes(configuration)

    assert step.subject == "aws://333333333333/us-east-1"
