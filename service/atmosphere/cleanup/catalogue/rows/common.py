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
        listing=Listing("describe_repositories", "repositoryName", "createdAt"),
        see=Call("describe_repositories", "repositoryNames"),
        # CloudFormation does not delete one with images, and takes one that is gone for deleted
        unprotect=(Step(call=Call("delete_repository", fixed={"force": True})),),
        remove=Call("delete_repository", fixed={"force": True}),
        errors=Errors(absent=("RepositoryNotFoundException",)),
    ),
    Row(
        name="AWS::Logs::LogGroup",
        service="logs",
        stage=Stage.LAST,  # functions and builds write to theirs until they are gone
        listing=Listing("describe_log_groups", "logGroupName", "creationTime"),
        # a prefix search: the group itself may be beyond the first page, so it is looked for among its log streams
        see=Call("describe_log_streams", "logGroupName", {"limit": 1}),
        # asked for once for each protected group whose name begins like this one's: once too often does no harm
        unprotect=(
            Step(
                call=Call("put_log_group_deletion_protection", fixed={"deletionProtectionEnabled": False}),
                each=Listing(
                    "describe_log_groups",
                    "logGroupName",
                    members="logGroups[?deletionProtectionEnabled]",
                    of="logGroupNamePrefix",
                ),
            ),
        ),
        remove=Call("delete_log_group"),
        errors=Errors(absent=("ResourceNotFoundException",)),
    ),
    Row(
        name="AWS::SSM::Parameter",
        service="ssm",
        listing=Listing("describe_parameters", "Name"),
        see=Call("get_parameter"),
        remove=Call("delete_parameter"),
        errors=Errors(absent=("ParameterNotFound",)),
    ),
    Row(
        name="AWS::SQS::Queue",
        service="sqs",
        listing=Listing("list_queues", fixed={"MaxResults": 1000}),
        see=Call("get_queue_attributes"),
        remove=Call("delete_queue"),
        errors=Errors(absent=("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")),
    ),
    Row(
        name="AWS::SNS::Topic",
        service="sns",
        listing=Listing("list_topics", "TopicArn"),
        see=Call("get_topic_attributes"),
        remove=Call("delete_topic"),
        errors=Errors(absent=("NotFound", "NotFoundException")),
    ),
    Row(
        name="AWS::DynamoDB::Backup",  # a name of ours: CloudFormation has no such type
        service="dynamodb",
        # only backups that somebody asked for: DynamoDB's own last 35 days and cannot be deleted
        listing=Listing(
            "list_backups",
            "BackupArn",
            "BackupCreationDateTime",
            fixed={"BackupType": "USER"},
            unless="BackupStatus == 'DELETED'",
        ),
        see=Call("describe_backup"),
        gone="BackupDescription.BackupDetails.BackupStatus == 'DELETED'",
        remove=Call("delete_backup"),
        errors=Errors(absent=("BackupNotFoundException",), busy=("BackupInUseException",)),
    ),
)
