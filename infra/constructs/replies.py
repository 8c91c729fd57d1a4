"""The gateway's own replies, as resources of the template."""

from __future__ import annotations

from aws_cdk import aws_apigateway as apigateway

from infra.replies import REPLIES


def add_replies(api: apigateway.RestApi) -> None:
    """One gateway response for each row."""
    for kind, reply in REPLIES.items():
        api.add_gateway_response(
            f"Reply{kind.title().replace('_', '')}",
            type=apigateway.ResponseType.of(kind),
            status_code=str(reply.status) if reply.status else None,
            response_headers=reply.headers,
            templates={"application/json": reply.body},
        )
