"""Everything that is wrong with a configuration is told, each with file, line, path and remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atmosphere.config.access_checks import ACCESS_CHECKS
from atmosphere.config.environment_checks import ENVIRONMENT_CHECKS
from atmosphere.config.load import check, load
from atmosphere.config.problems import ConfigProblems, Severity

if TYPE_CHECKING:
    from tests.config.conftest import Configuration

ENVIRONMENTS, ACCESS, SETTINGS = "environments.yaml", "access.yaml", "settings.yaml"
ADMIN = "arn:aws:iam::555555555555:role/AtmosphereAdmin"
LONG = "arn:aws:iam::555555555555:role/a-path-that-is-rather-long/AtmosphereAdmin"
SIXTH = "arn:aws:iam::666666666666:role/AtmosphereAdmin"
ALSO_FIFTH = f"""
  - account: "555555555555"
    region: REGION
    pool: europe
    admin_role: {ADMIN}
    capabilities: []
"""
KEEP, POOLS = "regions: [eu-central-1]", "environments:\n"
SECOND_RULE = """  - {name: NAME, account: "111111111111", roles: [runner], pools: [europe, demo, release]}

# Workflow"""

# (file, the text there, what a mistake makes of it, path, part of the message, part of the remedy)
MISTAKES = {
    "unknown key": (ENVIRONMENTS, "pool: demo", "pol: demo", "environments[0].pol", "unknown key 'pol'", "pool?"),
    "missing key": (ENVIRONMENTS, "pool: demo", "", "environments[0].pool", "pool is missing", "add pool"),
    "account as a number": (
        ENVIRONMENTS,
        '"222222222222"',
        "222222222222",
        "environments[0].account",
        "is a number, not an account id",
        'put it in quotes: "222222222222"',
    ),
    "short account": (ENVIRONMENTS, '"222222222222"', '"2222"', "environments[0].account", "wrong form", "12 digits"),
    "pool is a list": (
        ENVIRONMENTS,
        "pool: demo",
        "pool: [demo]",
        "environments[0].pool",
        "a list is not a string",
        "write the pool",
    ),
    "malformed pool": (ENVIRONMENTS, "pool: demo", "pool: ../x", "environments[0].pool", "wrong form", "letters"),
    "capability is a number": (
        ENVIRONMENTS,
        "- bedrock",
        "- 3.11",
        "environments[0].capabilities",
        "3.11 is not a string",
        "",
    ),
    "capability twice": (
        ENVIRONMENTS,
        "- bedrock",
        "- public-network",
        "environments[0].capabilities",
        "'public-network' is listed twice",
        "",
    ),
    "malformed ARN": (
        ENVIRONMENTS,
        f"admin_role: {ADMIN}",
        "admin_role: Admin",
        "environments[3].admin_role",
        "wrong form",
        "ARN",
    ),
    "role of another account": (
        ENVIRONMENTS,
        "arn:aws:iam::222222222222",
        "arn:aws:iam::999999999999",
        "environments[0].admin_role",
        "in account 999999999999, but the environment is in 222222222222",
        "own account",
    ),
    "unknown partition": (
        ENVIRONMENTS,
        "arn:aws:iam::222222222222",
        "arn:aws-moon:iam::222222222222",
        "environments[0].admin_role",
        "'aws-moon' is not an AWS partition",
        "aws-cn",
    ),
    "partition of another region": (
        ENVIRONMENTS,
        "arn:aws:iam::222222222222",
        "arn:aws-cn:iam::222222222222",
        "environments[0].admin_role",
        "partition aws-cn, but region us-east-1 is in aws",
        "partition",
    ),
    "role name not in settings": (
        ENVIRONMENTS,
        "222222222222:role/AtmosphereAdmin",
        "222222222222:role/Other",
        "environments[0].admin_role",
        "Other is not in role_names of settings.yaml",
        "add Other to role_names",
    ),
    "a role called admin": (
        ENVIRONMENTS,
        "regions: [eu-central-1]",
        f"roles: {{admin: {ADMIN}}}",
        "environments[3].roles.admin",
        "`admin` is always the admin_role",
        "another name",
    ),
    "a cleaner's role that tests get": (
        ENVIRONMENTS,
        "regions: [eu-central-1]",
        f"cleaner_role: {ADMIN}",
        "environments[3].cleaner_role",
        "tests get this role too",
        "a role that no test gets",
    ),
    "a cleaner's role that is not in settings": (
        ENVIRONMENTS,
        "regions: [eu-central-1]",
        "cleaner_role: arn:aws:iam::555555555555:role/Cleaner",
        "environments[3].cleaner_role",
        "Cleaner is not in role_names of settings.yaml",
        "add Cleaner to role_names",
    ),
    "eleven roles": (
        ENVIRONMENTS,
        "regions: [eu-central-1]",
        f"roles: {{{', '.join(f'r{n}: {ADMIN}' for n in range(11))}}}",
        "environments[3].roles",
        "11 roles, at most 10 fit",
        "fewer",
    ),
    "row too large": (
        ENVIRONMENTS,
        "regions: [eu-central-1]",
        f"roles: {{{', '.join(f'r{n}: {LONG}' for n in range(9))}}}",
        "environments[3]",
        "as JSON, at most 800 fit a row",
        "shorter",
    ),
    "unknown region": (
        ENVIRONMENTS,
        "region: eu-west-1",
        "region: eu-wset-1",
        "environments[3].region",
        "'eu-wset-1' is not an AWS region",
        "correct it",
    ),
    "malformed region": (
        ENVIRONMENTS,
        "region: eu-west-1",
        "region: Ireland",
        "environments[3].region",
        "wrong form",
        "us-east-1",
    ),
    "own region again": (
        ENVIRONMENTS,
        "[eu-central-1]",
        "[eu-west-1]",
        "environments[3].regions[0]",
        "already the environment's region",
        "remove it",
    ),
    "region twice": (
        ENVIRONMENTS,
        "[eu-central-1]",
        "[eu-central-1, eu-central-1]",
        "environments[3].regions[1]",
        "is listed twice",
        "keep one",
    ),
    "region of another partition": (
        ENVIRONMENTS,
        "[eu-central-1]",
        "[cn-north-1]",
        "environments[3].regions[0]",
        "in a different partition than eu-west-1",
        "remove it",
    ),
    "capabilities too large": (
        ENVIRONMENTS,
        "- bedrock",
        "\n".join(f"      - capability-number-{n}" for n in range(20)).lstrip(),
        "environments[0].capabilities",
        "bytes of JSON, at most 400 fit",
        "shorter",
    ),
    "wildcard for identities": (
        ENVIRONMENTS,
        KEEP,
        'keep: ["AWS::IAM::Role:company-*"]',
        "environments[3].keep[0]",
        "has a wildcard, so a test could give a name like it",
        "name each identity exactly",
    ),
    "set of letters for identities": (
        ENVIRONMENTS,
        KEEP,
        'keep: ["AWS::IAM::User:ci[12]"]',
        "environments[3].keep[0]",
        "has a wildcard",
        "name each identity exactly",
    ),
    "management account with an environment": (
        ENVIRONMENTS,
        POOLS,
        'pools: { demo: { organization: { management_account: "222222222222" } } }\nenvironments:\n',
        "pools.demo.organization.management_account",
        "tests would count as the organization",
        "no environment in it",
    ),
    "role of an account that is not of the pool": (
        ENVIRONMENTS,
        POOLS,
        'pools: { demo: { organization: { roles: ["arn:aws:iam::999999999999:role/x"] } } }\nenvironments:\n',
        "pools.demo.organization.roles[0]",
        "no environment of the pool demo is in account 999999999999",
        "or * for each of them",
    ),
    "every role": (
        ENVIRONMENTS,
        POOLS,
        'pools: { demo: { organization: { roles: ["arn:aws:iam::*:role/*"] } } }\nenvironments:\n',
        "pools.demo.organization.roles[0]",
        "wrong form",
        "stacksets-exec-*",
    ),
    "wildcard in the middle": (
        ENVIRONMENTS,
        POOLS,
        'pools: { demo: { organization: { roles: ["arn:aws:iam::*:role/a*b"] } } }\nenvironments:\n',
        "pools.demo.organization.roles[0]",
        "wrong form",
        "with * as the account",
    ),
    "every stack of a StackSet": (
        ENVIRONMENTS,
        POOLS,
        'pools: { demo: { organization: { stack_sets: ["StackSet-"] } } }\nenvironments:\n',
        "pools.demo.organization.stack_sets[0]",
        "wrong form",
        "StackSet-AWSControlTowerBP-",
    ),
    "any stack": (
        ENVIRONMENTS,
        POOLS,
        'pools: { demo: { organization: { stack_sets: ["company-"] } } }\nenvironments:\n',
        "pools.demo.organization.stack_sets[0]",
        "wrong form",
        "prefixes",
    ),
    "keep everything": (
        ENVIRONMENTS,
        "regions: [eu-central-1]",
        'keep: ["**:*"]',
        "environments[3].keep[0]",
        "would keep resources of every type",
        "name the type",
    ),
    "pool of nothing": (
        ENVIRONMENTS,
        "environments:\n",
        "pools: { dmeo: { cdk_toolkit: keep } }\nenvironments:\n",
        "pools.dmeo",
        "no environment is in the pool dmeo",
        "correct its name",
    ),
    "identities that may stay": (
        ENVIRONMENTS,
        "environments:\n",
        "pools: { demo: { deferred: [AWS::IAM::User] } }\nenvironments:\n",
        "pools.demo.deferred[0]",
        "would still work during the next test",
        "identities must be deleted",
    ),
    "identities that are not looked for": (
        SETTINGS,
        "role_names:",
        "skipped_types: [AWS::Glue::Job, AWS::IAM::User]\nrole_names:",
        "skipped_types[1]",
        "keys that a test leaves behind would not be found",
        "identities must be scanned",
    ),
    "another fate of the toolkit": (
        ENVIRONMENTS,
        "environments:\n",
        "pools: { demo: { cdk_toolkit: empty } }\nenvironments:\n",
        "pools.demo.cdk_toolkit",
        "wrong form",
        "keep",
    ),
    "malformed keep": (
        ENVIRONMENTS,
        "regions: [eu-central-1]",
        "keep: [bucket]",
        "environments[3].keep[0]",
        "wrong form",
        "TYPE:ID",
    ),
    "blocked account": (
        SETTINGS,
        '["111111111111"]',
        '["222222222222"]',
        "environments[0].account",
        "account 222222222222 is in blocked_accounts",
        "another account",
    ),
    "pool without environment": (
        ACCESS,
        "pools: [demo, release, europe]",
        "pools: [demo, release, europe, nope]",
        "iam[0].pools[3]",
        "the pool nope has no environment",
        "demo, europe, release",
    ),
    "pool twice": (
        ACCESS,
        "release, europe]",
        "release, europe, demo]",
        "iam[0].pools[3]",
        "demo is listed twice",
        "keep one",
    ),
    "no pools": (
        ACCESS,
        "pools: [demo, release, europe]",
        "pools: []",
        "iam[0].pools",
        "the list is empty",
        "at least one",
    ),
    "no roles": (ACCESS, "roles: [runner]", "roles: []", "iam[0].roles", "the list is empty", "default: all"),
    "rule name twice": (
        ACCESS,
        "\n# Workflow",
        SECOND_RULE.replace("NAME", "integration-tests").replace("europe, ", ""),
        "iam[1].name",
        "already used at line",
        "its own name",
    ),
    "rule name twice, once in each tree": (
        ACCESS,
        "name: example-workflows",
        "name: integration-tests",
        "github[0].name",
        "already used at line",
        "its own name",
    ),
    "the same rule twice": (
        ACCESS,
        "\n# Workflow",
        SECOND_RULE.replace("NAME", "more"),
        "iam[1]",
        "the rule more allows the same callers the same pools as the rule at line",
        "remove one",
    ),
    "role twice": (ACCESS, "[runner]", "[runner, runner]", "iam[0].roles[1]", "runner is listed twice", "keep one"),
    "quota of nothing": (ACCESS, "max_active: 8", "max_active: 0", "iam[0].max_active", "0 is too small", "no limit"),
    "quota as a text": (
        ACCESS,
        "max_active: 8",
        'max_active: "8"',
        "iam[0].max_active",
        '"8" in quotes is a string, not a number',
        "",
    ),
    "operators is a text": (
        ACCESS,
        '\n  - account: "111111111111"\n    role: operator',
        " all",
        "operators",
        "the string",
        "",
    ),
    "session too short": (SETTINGS, "10800", "60", "session_seconds", "60 is too small", "900 to 10800"),
    "session too long": (SETTINGS, "10800", "86400", "session_seconds", "86400 is too large", "900 to 10800"),
    "session as a text": (
        SETTINGS,
        "10800",
        "3h",
        "session_seconds",
        '"3h" has a unit, but this is a number of seconds',
        "10800",
    ),
    "role ARN in role_names": (
        SETTINGS,
        "[AtmosphereAdmin]",
        f"[AtmosphereAdmin, '{ADMIN}']",
        "role_names[1]",
        "wrong form",
        "",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_file_line_path_and_remedy(configuration: Configuration, mistake: str) -> None:
    file, old, new, path, what, remedy = MISTAKES[mistake]
    configuration.replace(file, old, new)

    checked = check(configuration.directory)

    errors = [problem for problem in checked.problems if problem.severity is Severity.ERROR]
    told = {problem.path: problem for problem in errors}
    assert checked.snapshot is None
    assert path in told, errors
    assert what in told[path].what
    assert remedy in told[path].remedy
    assert 1 <= told[path].line <= len(configuration.text(told[path].file).splitlines())


def test_the_line_is_the_one_to_edit(configuration: Configuration) -> None:
    configuration.replace(ENVIRONMENTS, "333333333333:role/AtmosphereAdmin", "333333333333:role/Other")

    (problem,) = check(configuration.directory).problems

    assert problem.line == configuration.line_of(ENVIRONMENTS, "role/Other")
    assert str(problem).startswith(f"environments.yaml:{problem.line}: environments[1].admin_role: the role name Other")


def test_the_same_environment_twice_is_refused_even_on_one_line(configuration: Configuration) -> None:
    entry = f'{{account: "666666666666", region: eu-north-1, pool: demo, admin_role: "{SIXTH}", capabilities: []}}'
    configuration.write(ENVIRONMENTS, f"environments: [{entry}, {entry}]\n")
    configuration.replace(ACCESS, ", release, europe", "")
    configuration.replace(ACCESS, "[demo, release]", "[demo]")

    told = [p for p in check(configuration.directory).problems if p.severity is Severity.ERROR]

    assert [(p.path, p.what.split(" at ")[0]) for p in told] == [
        ("environments[1]", "aws://666666666666/eu-north-1 is already registered")
    ]


def test_a_region_of_an_account_belongs_to_one_environment_only(configuration: Configuration) -> None:
    configuration.append(
        ENVIRONMENTS,
        ALSO_FIFTH.replace("REGION", "eu-central-1"),
    )

    told = [p for p in check(configuration.directory).problems if p.severity is Severity.ERROR]

    assert [p.path for p in told] == ["environments[3].regions[0]"]
    assert "already covered by the environment at line" in told[0].what


def test_two_environments_of_one_account_are_a_warning(configuration: Configuration) -> None:
    configuration.append(
        ENVIRONMENTS,
        ALSO_FIFTH.replace("REGION", "eu-north-1"),
    )

    checked = check(configuration.directory)

    assert checked.snapshot is not None
    (warning,) = checked.problems
    assert warning.severity is Severity.WARNING
    assert "global services are not swept" in warning.what


def test_a_pool_that_nobody_may_use_is_a_warning(configuration: Configuration) -> None:
    configuration.replace(ACCESS, ", europe", "")

    checked = check(configuration.directory)

    assert checked.snapshot is not None
    assert [(p.severity, p.path) for p in checked.problems] == [(Severity.WARNING, "environments[3].pool")]


def test_an_empty_list_of_environments_is_refused(configuration: Configuration) -> None:
    configuration.write(ENVIRONMENTS, "environments: []\n")

    told = [problem.what for problem in check(configuration.directory).problems]

    assert "no environment is registered" in told


def test_all_problems_of_all_files_are_told_at_once(configuration: Configuration) -> None:
    configuration.replace(ENVIRONMENTS, "pool: demo", "pol: demo")
    configuration.replace(ENVIRONMENTS, "region: eu-west-1", "region: eu-wset-1")
    configuration.replace(ACCESS, "max_active: 8", "max_active: none")
    configuration.replace(SETTINGS, "10800", "1")

    with pytest.raises(ConfigProblems) as refused:
        load(configuration.directory)

    told = [(problem.file, problem.path) for problem in refused.value.problems]
    assert told == [
        (ENVIRONMENTS, "environments[0].pool"),
        (ENVIRONMENTS, "environments[0].pol"),
        (ENVIRONMENTS, "environments[3].region"),
        (ACCESS, "iam[0].max_active"),
        (SETTINGS, "session_seconds"),
    ]


def test_an_entry_that_is_set_aside_makes_no_further_problems_by_its_absence(configuration: Configuration) -> None:
    configuration.replace(ENVIRONMENTS, "pool: release", "pool: [release]")

    told = [problem.path for problem in check(configuration.directory).problems]

    assert told == ["environments[2].pool"]


@pytest.mark.parametrize("look", [*ENVIRONMENT_CHECKS, *ACCESS_CHECKS], ids=lambda look: look.__name__)
def test_without_a_check_some_mistake_would_pass(
    look: object, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every check is there for at least one of the mistakes above (or a test beside them)."""
    beside = {"_some_environment", "_unique_environments", "_regions_apart", "_shared_accounts", "_unused_pools"}
    name = getattr(look, "__name__", "")
    if name in beside:
        return
    from tests.config.conftest import Configuration  # noqa: PLC0415 only here outside of types

    monkeypatch.setattr("atmosphere.config.load.ENVIRONMENT_CHECKS", [c for c in ENVIRONMENT_CHECKS if c is not look])
    monkeypatch.setattr("atmosphere.config.load.ACCESS_CHECKS", [c for c in ACCESS_CHECKS if c is not look])
    passed = []
    for mistake, (file, old, new, path, _, _) in MISTAKES.items():
        configuration = Configuration(tmp_path_factory.mktemp("mistake"))
        configuration.replace(file, old, new)
        if path not in {problem.path for problem in check(configuration.directory).problems}:
            passed.append(mistake)
    assert passed
