"""Seeds of Batch, Glue and Athena."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from tests.cleanup.catalogue.frame import Backend, Rule, Seed
from tests.cleanup.catalogue.seeds.common import role_arn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cleanup.catalogue.frame import Clients


def _make_environment(clients: Clients, name: str) -> str:
    made = clients("batch").create_compute_environment(
        computeEnvironmentName=name,
        type="UNMANAGED",
        state="ENABLED",
        serviceRole=role_arn(clients, "seeded-batch-role", "batch"),
    )
    arn: str = made["computeEnvironmentArn"]
    return arn


def _environment(clients: Clients) -> str:
    return _make_environment(clients, "seeded-environment")


def _environment_is_on(clients: Clients, identity: str) -> object:
    found = clients("batch").describe_compute_environments(computeEnvironments=[identity])["computeEnvironments"]
    return [each for each in found if each["state"] == "ENABLED"]


def _queue(clients: Clients) -> str:
    made = clients("batch").create_job_queue(
        jobQueueName="seeded-queue",
        state="ENABLED",
        priority=1,
        computeEnvironmentOrder=[{"order": 1, "computeEnvironment": _make_environment(clients, "seeded-of-queue")}],
    )
    arn: str = made["jobQueueArn"]
    return arn


def _queue_is_on(clients: Clients, identity: str) -> object:
    found = clients("batch").describe_job_queues(jobQueues=[identity])["jobQueues"]
    return [each for each in found if each["state"] == "ENABLED"]


def _job_definition(clients: Clients) -> str:
    made = clients("batch").register_job_definition(
        jobDefinitionName="seeded-job",
        type="container",
        containerProperties={"image": "busybox", "vcpus": 1, "memory": 128, "command": ["true"]},
    )
    arn: str = made["jobDefinitionArn"]
    return arn


def _database(clients: Clients) -> str:
    glue = clients("glue")
    glue.create_database(DatabaseInput={"Name": "seeded_database"})
    glue.create_table(DatabaseName="seeded_database", TableInput={"Name": "seeded_table"})
    return "seeded_database"


def _job(clients: Clients) -> str:
    clients("glue").create_job(
        Name="seeded-job",
        Role=role_arn(clients, "seeded-glue-role", "glue"),
        Command={"Name": "glueetl", "ScriptLocation": "s3://seeded/script.py"},
    )
    return "seeded-job"


def _crawler(clients: Clients) -> str:
    """At work."""
    glue = clients("glue")
    glue.create_crawler(
        Name="seeded-crawler",
        Role=role_arn(clients, "seeded-glue-role", "glue"),
        DatabaseName="seeded",
        Targets={"S3Targets": [{"Path": "s3://seeded"}]},
    )
    glue.start_crawler(Name="seeded-crawler")
    return "seeded-crawler"


def _crawls(clients: Clients, asked: Mapping[str, str]) -> object:
    try:
        return clients("glue").get_crawler(Name=asked["Name"])["Crawler"]["State"] == "RUNNING"
    except ClientError:
        return False


def _trigger(clients: Clients) -> str:
    glue = clients("glue")
    glue.create_trigger(
        Name="seeded-trigger", Type="SCHEDULED", Schedule="cron(0 5 * * ? *)", Actions=[{"JobName": "seeded-job"}]
    )
    glue.start_trigger(Name="seeded-trigger")
    return "seeded-trigger"


def _triggers(clients: Clients, identity: str) -> object:
    return clients("glue").get_trigger(Name=identity)["Trigger"]["State"] == "ACTIVATED"


def _work_group(clients: Clients) -> str:
    clients("athena").create_work_group(Name="seeded-group")
    return "seeded-group"


def _is_not_recursive(_: Clients, asked: Mapping[str, object]) -> object:
    return not asked.get("RecursiveDeleteOption")


SEEDS: Final = (
    Seed(
        type="AWS::Batch::ComputeEnvironment",
        make=_environment,
        running=_environment_is_on,
        rules=(
            Rule(
                "DeleteComputeEnvironment",
                "ClientException",
                lambda clients, asked: _environment_is_on(clients, asked["computeEnvironment"]),
            ),
        ),
    ),
    Seed(
        type="AWS::Batch::JobQueue",
        make=_queue,
        running=_queue_is_on,
        rules=(
            Rule("DeleteJobQueue", "ClientException", lambda clients, asked: _queue_is_on(clients, asked["jobQueue"])),
        ),
    ),
    Seed(type="AWS::Batch::JobDefinition", make=_job_definition),
    # moto's needs a package that nothing else here needs
    Seed(type="AWS::Glue::Database", make=_database, on=Backend.EMULATOR),
    Seed(type="AWS::Glue::Job", make=_job, on=Backend.EMULATOR),
    Seed(
        type="AWS::Glue::Crawler",
        make=_crawler,
        rules=(Rule("DeleteCrawler", "CrawlerRunningException", _crawls),),
        on=Backend.EMULATOR,
    ),
    Seed(type="AWS::Glue::Trigger", make=_trigger, running=_triggers, on=Backend.EMULATOR),
    # moto's are made anew at every look
    Seed(
        type="AWS::Athena::WorkGroup",
        make=_work_group,
        rules=(Rule("DeleteWorkGroup", "InvalidRequestException", _is_not_recursive),),
        on=Backend.EMULATOR,
    ),
)
