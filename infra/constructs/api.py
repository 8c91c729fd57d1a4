"""The API: one REST API with the routes of the contract, each with a handler behind it and a guard before it.

The IAM tree is guarded by `AWS_IAM`, the GitHub tree by the authorizer: a function that verifies and burns the token.
The webhook alone is open: GitHub signs the body, which only a handler sees.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_logs as logs

from atmosphere.contract import ROOTS, ROUTES, STAGE, FunctionName, Tree
from infra.constructs.functions import LOGS_KEPT
from infra.constructs.policy import resource_policy
from infra.constructs.replies import add_replies

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_lambda as lambda_
    from constructs import Construct

    from infra.names import ServiceName

RATE: Final = 200  # requests per second over all callers
BURST: Final = 400

# Who, what, how it went. No header, no query, no path parameter: keys and tokens travel in headers.
ACCESS_LOG: Final = {
    "requestId": "$context.requestId",
    "extendedRequestId": "$context.extendedRequestId",
    "time": "$context.requestTimeEpoch",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "account": "$context.identity.accountId",
    "refusal": "$context.error.responseType",
    "authorizerRequestId": "$context.authorizer.requestId",  # that of the function, which is told no other
    "latency": "$context.responseLatency",
    "handlerLatency": "$context.integrationLatency",
}


_PART: Final = "[A-Za-z0-9_-]+"
BEARER: Final = rf"^Bearer ({_PART}\.{_PART}\.{_PART}|atmosphere-release\.[A-Za-z0-9_-]{{43}})$"
"""One JWT or one release token; whatever else is in `Authorization` is 401 without a call of the function."""


class Api(apigateway.RestApi):
    """Regional; one stage; refuses accounts that are not listed before anything of ours runs."""

    def __init__(
        self, scope: Construct, construct_id: str, *, service_name: ServiceName, accounts: Sequence[str]
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            rest_api_name=service_name,
            description="Allocates clean AWS environments to integration tests",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            policy=resource_policy(accounts),
            default_method_options=apigateway.MethodOptions(authorization_type=apigateway.AuthorizationType.IAM),
            cloud_watch_role=True,
            cloud_watch_role_removal_policy=RemovalPolicy.RETAIN,  # an account has one; others may use it meanwhile
            deploy_options=_stage_options(scope, service_name),
        )
        self.node.try_remove_child("Endpoint")  # CDK's own output has a trailing slash, which clients would sign
        add_replies(self)

    @property
    def endpoint(self) -> str:
        """The base that paths are appended to; no trailing slash."""
        return f"https://{self.rest_api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}/{STAGE}"

    def add_routes(self, functions: Mapping[FunctionName, lambda_.Function]) -> None:
        """Every route of every tree."""
        authorizer = _authorizer(self, functions[FunctionName.AUTHORIZE])
        guards: dict[Tree, dict[str, Any]] = {
            Tree.IAM: {"authorization_type": apigateway.AuthorizationType.IAM},
            Tree.GITHUB: {"authorization_type": apigateway.AuthorizationType.CUSTOM, "authorizer": authorizer},
            Tree.WEBHOOK: {"authorization_type": apigateway.AuthorizationType.NONE},
        }
        for route in ROUTES:
            handler = apigateway.LambdaIntegration(functions[route.function], allow_test_invoke=False)
            resource = self.root.resource_for_path(f"{ROOTS[route.tree]}{route.path}")
            resource.add_method(route.method, handler, **guards[route.tree])


def _authorizer(scope: Construct, function: lambda_.Function) -> apigateway.TokenAuthorizer:
    """Nothing is cached: a token works once, and an answer is for one method only."""
    return apigateway.TokenAuthorizer(
        scope,
        "Tokens",
        handler=function,
        identity_source=apigateway.IdentitySource.header("Authorization"),
        validation_regex=BEARER,
        results_cache_ttl=Duration.seconds(0),
    )


def _stage_options(scope: Construct, service_name: ServiceName) -> apigateway.StageOptions:
    access_log = logs.LogGroup(
        scope,
        "ApiLogs",
        log_group_name=f"/aws/apigateway/{service_name}",
        retention=LOGS_KEPT,
        removal_policy=RemovalPolicy.DESTROY,
    )
    return apigateway.StageOptions(
        stage_name=STAGE,
        throttling_rate_limit=RATE,
        throttling_burst_limit=BURST,
        metrics_enabled=True,
        logging_level=apigateway.MethodLoggingLevel.OFF,  # execution logs hold headers
        data_trace_enabled=False,
        tracing_enabled=False,
        access_log_destination=apigateway.LogGroupLogDestination(access_log),
        access_log_format=apigateway.AccessLogFormat.custom(json.dumps(ACCESS_LOG)),
    )
