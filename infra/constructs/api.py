"""The API: one REST API with the routes of the contract, each with a handler behind it and a guard before it.

The IAM tree is guarded by `AWS_IAM`, the GitHub tree by the authorizer: a function that verifies and burns the token.
The webhook alone is open: GitHub signs the body, which only a handler sees.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from aws_cdk import Aws, Duration, RemovalPolicy, Stack
from aws_cdk import aws_apigateway as apigateway

from atmosphere.contract import ROOTS, ROUTES, STAGE, FunctionName, Route, Tree
from infra.constructs.policy import resource_policy
from infra.constructs.replies import add_replies

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_logs as logs
    from constructs import Construct

    from infra.constructs.logs import Keeping
    from infra.names import ServiceName
    from infra.options import Throttle, Throttles

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
        self,
        scope: Construct,
        construct_id: str,
        *,
        service_name: ServiceName,
        accounts: Sequence[str],
        throttles: Throttles,
        keeping: Keeping,
    ) -> None:
        access_log = keeping.group(scope, "ApiLogs", f"/aws/apigateway/{service_name}")
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
            deploy_options=_stage_options(access_log, throttles),
        )
        self.node.try_remove_child("Endpoint")  # CDK's own output has a trailing slash, which clients would sign
        add_replies(self)

    @property
    def endpoint(self) -> str:
        """The base that paths are appended to; no trailing slash."""
        return f"https://{self.rest_api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}/{STAGE}"

    def arn_of(self, route: Route) -> str:
        """What a policy names to allow calls of a route, with any path parameters."""
        path = re.sub(r"{[a-z_]+}", "*", f"{ROOTS[route.tree]}{route.path}")
        return Stack.of(self).format_arn(
            service="execute-api", resource=self.rest_api_id, resource_name=f"{STAGE}/{route.method}{path}"
        )

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


def _stage_options(access_log: logs.ILogGroup, throttles: Throttles) -> apigateway.StageOptions:
    """The throttle of the IAM tree is the stage's, so that no route is without one."""
    others = {Tree.GITHUB: throttles.github, Tree.WEBHOOK: throttles.webhook}
    own = {
        f"{ROOTS[route.tree]}{route.path}/{route.method}": apigateway.MethodDeploymentOptions(
            **_method_options(others[route.tree])
        )
        for route in ROUTES
        if route.tree in others
    }
    return apigateway.StageOptions(
        stage_name=STAGE,
        **_method_options(throttles.iam),
        method_options=own,
        tracing_enabled=False,
        access_log_destination=apigateway.LogGroupLogDestination(access_log),
        access_log_format=apigateway.AccessLogFormat.custom(json.dumps(ACCESS_LOG)),
    )


def _method_options(throttle: Throttle) -> dict[str, Any]:
    """All of them, because a method that has some of its own inherits none from the stage."""
    return {
        "throttling_rate_limit": throttle.rate,
        "throttling_burst_limit": throttle.burst,
        "metrics_enabled": True,
        "logging_level": apigateway.MethodLoggingLevel.OFF,  # execution logs hold headers
        "data_trace_enabled": False,
    }
