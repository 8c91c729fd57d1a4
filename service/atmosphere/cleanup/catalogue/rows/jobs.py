"""Batch, Glue and Athena.

Source: the API reference of each service; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Errors, Stage
from atmosphere.cleanup.catalogue.row import Call, Listing, Row, Step

_QUEUE: Final = "AWS::Batch::JobQueue"
_BATCH: Final = Errors(busy=("ClientException",))  # which it answers whatever is wrong: the looks tell what is there
_GLUE: Final = ("EntityNotFoundException",)
_LIVE: Final = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING")


def _batch(name: str, operation: str, key: str, after: tuple[str, ...] = (), halt: tuple[Step, ...] = ()) -> Row:
    """What has to be disabled before it is deleted, and is listed for a while afterwards.

    Either takes a while, in which it needs its service role: one whose role is gone first can never be deleted.
    """
    members = f"{key}s"
    is_on = f"{members}[0].state == 'ENABLED'"
    is_going_off = f"{members}[0].state == 'DISABLED' && {members}[0].status == 'UPDATING'"
    disable = Step(call=Call(f"update_{operation}", fixed={"state": "DISABLED"}), when=is_on)
    return Row(
        name=name,
        service="batch",
        stage=Stage.SLOW,
        after=after,
        listing=Listing(f"describe_{operation}s", f"{key}Arn", unless="status == 'DELETED'"),
        see=Call(f"describe_{operation}s", members),
        shows=members,
        gone=f"{members}[0].status == 'DELETED'",
        ending=f"{members}[0].status == 'DELETING' || {is_going_off}",
        halt=(disable, *halt),
        strip=(disable,),
        remove=Call(f"delete_{operation}"),
        errors=_BATCH,
    )


_BATCHES: Final = (
    # what runs keeps its compute environment, which turns invalid if it is deleted under jobs on Fargate
    _batch(
        _QUEUE,
        "job_queue",
        "jobQueue",
        halt=(
            Step(
                call=Call("terminate_job", ("", "jobId"), {"reason": "its environment is being cleaned"}),
                each=Listing(
                    "list_jobs", "jobId", of="jobQueue", variants=tuple({"jobStatus": status} for status in _LIVE)
                ),
            ),
        ),
    ),
    _batch("AWS::Batch::ComputeEnvironment", "compute_environment", "computeEnvironment", (_QUEUE,)),
    Row(
        name="AWS::Batch::JobDefinition",
        service="batch",
        listing=Listing("describe_job_definitions", "jobDefinitionArn", fixed={"status": "ACTIVE"}),
        see=Call("describe_job_definitions", "jobDefinitions"),
        shows="jobDefinitions[?status == 'ACTIVE']",
        remove=Call("deregister_job_definition"),
        errors=_BATCH,
    ),
)

ROWS: Final = (
    *_BATCHES,
    Row(
        name="AWS::Glue::Database",
        service="glue",
        listing=Listing("get_databases", "Name", "CreateTime"),
        see=Call("get_database"),
        remove=Call("delete_database"),
        errors=Errors(absent=_GLUE, busy=("ConcurrentModificationException",)),
    ),
    Row(
        name="AWS::Glue::Trigger",
        service="glue",
        listing=Listing("get_triggers", "Name"),
        see=Call("get_trigger"),
        ending="Trigger.State == 'DELETING'",
        halt=(Step(call=Call("stop_trigger"), when="Trigger.State == 'ACTIVATED'"),),
        remove=Call("delete_trigger"),
        errors=Errors(absent=_GLUE, busy=("ConcurrentModificationException",)),
    ),
    Row(
        name="AWS::Glue::Job",
        service="glue",
        after=("AWS::Glue::Trigger",),
        listing=Listing("get_jobs", "Name", "CreatedOn"),
        see=Call("get_job"),
        remove=Call("delete_job"),
        errors=Errors(absent=_GLUE),
    ),
    Row(
        name="AWS::Glue::Crawler",
        service="glue",
        after=("AWS::Glue::Trigger",),
        listing=Listing("get_crawlers", "Name", "CreationTime"),
        see=Call("get_crawler"),
        strip=(Step(call=Call("stop_crawler"), when="Crawler.State == 'RUNNING'"),),
        remove=Call("delete_crawler"),
        errors=Errors(
            absent=_GLUE,
            busy=(
                "CrawlerRunningException",
                "CrawlerNotRunningException",
                "CrawlerStoppingException",
                "SchedulerTransitioningException",
            ),
        ),
    ),
    # What is wrong with a request is what Athena says of one that is not there: the listing tells. Its queries and
    # statements go along.
    Row(
        name="AWS::Athena::WorkGroup",
        service="athena",
        listing=Listing("list_work_groups", "Name", "CreationTime", unless="Name == 'primary'", members="WorkGroups"),
        remove=Call("delete_work_group", fixed={"RecursiveDeleteOption": True}),
        errors=Errors(absent=("InvalidRequestException",)),
    ),
)
