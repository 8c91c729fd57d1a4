"""Bedrock and its agents, and IVS. Versions, aliases, endpoints, targets and stream keys go with what they are of.

Source: the API reference of each service; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Stage
from atmosphere.cleanup.catalogue.plain import first, plain
from atmosphere.cleanup.catalogue.row import Call, Listing, Row, Step

_LAST: Final = r"(?:.*/)?([^/]+)"
"""What an ARN ends with, or the whole id."""

_MODELS: Final = (
    plain(
        "Bedrock::Guardrail",
        "bedrock",
        Listing("list_guardrails", "arn", "createdAt"),
        "delete_guardrail",
        see="get_guardrail",
        ending="status == 'DELETING'",
        busy="ConflictException ResourceInUseException",
        after=("AWS::Bedrock::Agent",),
    ),
    plain(
        "Bedrock::ApplicationInferenceProfile",
        "bedrock",
        Listing("list_inference_profiles", "inferenceProfileArn", "createdAt", {"typeEquals": "APPLICATION"}),
        "delete_inference_profile",
        see="get_inference_profile",
        parts=_LAST,
    ),
    # A name of ours: CloudFormation has no such type. One that was bought for months is refused until they are over.
    plain(
        "Bedrock::ProvisionedModelThroughput",
        "bedrock",
        Listing("list_provisioned_model_throughputs", "provisionedModelArn", "creationTime"),
        "delete_provisioned_model_throughput",
        see="get_provisioned_model_throughput",
    ),
    plain(
        "Bedrock::Prompt",
        "bedrock-agent",
        Listing("list_prompts", "arn", "createdAt"),
        "delete_prompt",
        see="get_prompt",
    ),
    plain(
        "Bedrock::Agent",
        "bedrock-agent",
        Listing("list_agents", "agentId"),
        Call("delete_agent", fixed={"skipResourceInUseCheck": True}),
        see="get_agent",
        ending="agent.agentStatus == 'DELETING'",
        stage=Stage.SLOW,
    ),
)


def _core(kind: str, thing: str, listing: Listing, status: str = "status", strip: tuple[Step, ...] = ()) -> Row:
    return plain(
        f"BedrockAgentCore::{kind}",
        "bedrock-agentcore-control",
        listing,
        f"delete_{thing}",
        see=f"get_{thing}",
        parts=_LAST,
        ending=f"{status} == 'DELETING'",
        stage=Stage.SLOW,
        strip=strip,
    )


_CUSTOM: Final = {"type": "CUSTOM"}
_ENDPOINTS: Final = Listing("list_agent_runtime_endpoints", "name", unless="name == 'DEFAULT' || status == 'DELETING'")
_TARGETS: Final = Listing("list_gateway_targets", "targetId", unless="status == 'DELETING'")

_CORES: Final = (
    _core(
        "Runtime",
        "agent_runtime",
        Listing("list_agent_runtimes", "agentRuntimeId"),
        strip=(first("delete_agent_runtime_endpoint", "agentRuntimeId", "endpointName", each=_ENDPOINTS),),
    ),
    _core(
        "Gateway",
        "gateway",
        Listing("list_gateways", "gatewayId", "createdAt"),
        strip=(first("delete_gateway_target", "gatewayIdentifier", "targetId", each=_TARGETS),),
    ),
    _core("Memory", "memory", Listing("list_memories", "arn", "createdAt"), "memory.status"),
    _core(
        "CodeInterpreterCustom",
        "code_interpreter",
        Listing("list_code_interpreters", "codeInterpreterId", "createdAt", _CUSTOM, "status == 'DELETED'"),
    ),
    _core(
        "BrowserCustom",
        "browser",
        Listing("list_browsers", "browserId", "createdAt", _CUSTOM, "status == 'DELETED'"),
    ),
)

ROWS: Final = (
    *_MODELS,
    *_CORES,
    plain(  # one that is live is stopped first
        "IVS::Channel",
        "ivs",
        Listing("list_channels", "arn"),
        "delete_channel",
        see="get_channel",
        rare=(first("stop_stream"),),
        absent="ResourceNotFoundException ChannelNotBroadcasting",
    ),
)
