"""The types that one row each describes. A new type is a new row; `base` says what the columns mean.

Source: the API reference of each service; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Call, Listing, Row

ROWS: Final = (
    Row(
        name="AWS::ECR::Repository",
        service="ecr",
        listing=Listing("describe_repositories", "repositories", "repositoryName", "createdAt"),
        see=Call("describe_repositories", "repositoryNames", wrap=True),
        # CloudFormation does not delete one with images, and takes one that is gone for deleted
        unprotect=Call("delete_repository", "repositoryName", {"force": True}),
        remove=Call("delete_repository", "repositoryName", {"force": True}),
        absent=("RepositoryNotFoundException",),
    ),
    Row(
        name="AWS::Logs::LogGroup",
        service="logs",
        listing=Listing("describe_log_groups", "logGroups", "logGroupName", "creationTime"),
        # a prefix search: the group itself may be beyond the first page, so it is looked for among its log streams
        see=Call("describe_log_streams", "logGroupName", {"limit": 1}),
        remove=Call("delete_log_group", "logGroupName"),
        absent=("ResourceNotFoundException",),
    ),
    Row(
        name="AWS::SSM::Parameter",
        service="ssm",
        listing=Listing("describe_parameters", "Parameters", "Name"),
        see=Call("get_parameter", "Name"),
        remove=Call("delete_parameter", "Name"),
        absent=("ParameterNotFound",),
    ),
    Row(
        name="AWS::SQS::Queue",
        service="sqs",
        listing=Listing("list_queues", "QueueUrls", fixed={"MaxResults": 1000}),
        see=Call("get_queue_attributes", "QueueUrl"),
        remove=Call("delete_queue", "QueueUrl"),
        absent=("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"),
    ),
    Row(
        name="AWS::SNS::Topic",
        service="sns",
        listing=Listing("list_topics", "Topics", "TopicArn"),
        see=Call("get_topic_attributes", "TopicArn"),
        remove=Call("delete_topic", "TopicArn"),
        absent=("NotFound", "NotFoundException"),
    ),
    Row(
        name="AWS::DynamoDB::Table",
        service="dynamodb",
        listing=Listing("list_tables", "TableNames"),
        see=Call("describe_table", "TableName"),
        unprotect=Call("update_table", "TableName", {"DeletionProtectionEnabled": False}),
        protected="Table.DeletionProtectionEnabled",
        remove=Call("delete_table", "TableName"),
        absent=("ResourceNotFoundException",),
    ),
    Row(
        name="AWS::Lambda::Function",
        service="lambda",
        listing=Listing("list_functions", "Functions", "FunctionName"),
        see=Call("get_function", "FunctionName"),
        remove=Call("delete_function", "FunctionName"),
        absent=("ResourceNotFoundException",),
    ),
)
