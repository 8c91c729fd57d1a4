"""The types of the first days: what nearly every CDK application makes.

Source: the API reference of each service; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Errors, Stage
from atmosphere.cleanup.catalogue.row import Call, Listing, Row, Step

ROWS: Final = (
    Row(
        name="AWS::ECR::Repository",
        service="ecr",
        listing=Listing("describe_repositories", "repositories", "repositoryName", "createdAt"),
        see=Call("describe_repositories", "repositoryNames", wrap=True),
        # CloudFormation does not delete one with images, and takes one that is gone for deleted
        unprotect=(Step(call=Call("delete_repository", "repositoryName", {"force": True})),),
        remove=Call("delete_repository", "repositoryName", {"force": True}),
        errors=Errors(absent=("RepositoryNotFoundException",)),
    ),
    Row(
        name="AWS::Logs::LogGroup",
        service="logs",
        stage=Stage.LAST,  # functions and builds write to theirs until they are gone
        listing=Listing("describe_log_groups", "logGroups", "logGroupName", "creationTime"),
        # a prefix search: the group itself may be beyond the first page, so it is looked for among its log streams
        see=Call("describe_log_streams", "logGroupName", {"limit": 1}),
        # asked for once for each protected group whose name begins like this one's: once too often does no harm
        unprotect=(
            Step(
                call=Call(
                    "put_log_group_deletion_protection",
                    ("logGroupIdentifier",),
                    {"deletionProtectionEnabled": False},
                ),
                each=Listing(
                    "describe_log_groups",
                    "logGroups[?deletionProtectionEnabled]",
                    "logGroupName",
                    of="logGroupNamePrefix",
                ),
            ),
        ),
        remove=Call("delete_log_group", "logGroupName"),
        errors=Errors(absent=("ResourceNotFoundException",)),
    ),
    Row(
        name="AWS::SSM::Parameter",
        service="ssm",
        listing=Listing("describe_parameters", "Parameters", "Name"),
        see=Call("get_parameter", "Name"),
        remove=Call("delete_parameter", "Name"),
        errors=Errors(absent=("ParameterNotFound",)),
    ),
    Row(
        name="AWS::SQS::Queue",
        service="sqs",
        listing=Listing("list_queues", "QueueUrls", fixed={"MaxResults": 1000}),
        see=Call("get_queue_attributes", "QueueUrl"),
        remove=Call("delete_queue", "QueueUrl"),
        errors=Errors(absent=("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")),
    ),
    Row(
        name="AWS::SNS::Topic",
        service="sns",
        listing=Listing("list_topics", "Topics", "TopicArn"),
        see=Call("get_topic_attributes", "TopicArn"),
        remove=Call("delete_topic", "TopicArn"),
        errors=Errors(absent=("NotFound", "NotFoundException")),
    ),
    Row(
        name="AWS::DynamoDB::Backup",  # a name of ours: CloudFormation has no such type
        service="dynamodb",
        # only backups that somebody asked for: DynamoDB's own last 35 days and cannot be deleted
        listing=Listing(
            "list_backups",
            "BackupSummaries",
            "BackupArn",
            "BackupCreationDateTime",
            fixed={"BackupType": "USER"},
            unless="BackupStatus == 'DELETED'",
        ),
        see=Call("describe_backup", "BackupArn"),
        gone="BackupDescription.BackupDetails.BackupStatus == 'DELETED'",
        remove=Call("delete_backup", "BackupArn"),
        errors=Errors(absent=("BackupNotFoundException",), busy=("BackupInUseException",)),
    ),
)
