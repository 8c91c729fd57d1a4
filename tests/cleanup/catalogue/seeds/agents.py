"""Seeds of Bedrock, its agents, and IVS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.cleanup.catalogue.seeds.stock import WHEN, Stock, arn
from tests.cleanup.fakes.shelves import Kind

if TYPE_CHECKING:
    from tests.cleanup.fakes.shelves import Service, Thing


def _model(listing: str, path: str, thing: str, by: str, member: str, **like: Any) -> Kind:
    return Kind(
        lists={listing: path},
        shows={f"get_{thing}": ""},
        removes=f"delete_{thing}",
        by={by: member},
        like=like,
        id=f"{{{member}}}",
    )


_PROFILE: Final = arn("bedrock", "application-inference-profile/seeded")
_BEDROCK: Final = Stock(
    "bedrock",
    guardrail=_model(
        "list_guardrails",
        "guardrails",
        "guardrail",
        "guardrailIdentifier",
        "arn",
        arn=arn("bedrock", "guardrail/seeded"),
        status="READY",
        createdAt=WHEN,
    ),
    profile=Kind(
        lists={"list_inference_profiles": "inferenceProfileSummaries"},
        shows={"get_inference_profile": ""},
        removes="delete_inference_profile",
        by={"inferenceProfileIdentifier": "inferenceProfileId", "typeEquals": "type"},
        like={
            "inferenceProfileArn": _PROFILE,
            "inferenceProfileId": "seeded",
            "type": "APPLICATION",
            "createdAt": WHEN,
        },
        id="{inferenceProfileArn}",
        given=({"inferenceProfileArn": "system", "inferenceProfileId": "system", "type": "SYSTEM_DEFINED"},),
    ),
    bought=_model(
        "list_provisioned_model_throughputs",
        "provisionedModelSummaries",
        "provisioned_model_throughput",
        "provisionedModelId",
        "provisionedModelArn",
        provisionedModelArn=arn("bedrock", "provisioned-model/seeded"),
        creationTime=WHEN,
    ),
)
_AGENTS: Final = Stock(
    "bedrock-agent",
    prompt=_model(
        "list_prompts",
        "promptSummaries",
        "prompt",
        "promptIdentifier",
        "arn",
        arn=arn("bedrock", "prompt/ABCDEFGHIJ"),
        createdAt=WHEN,
    ),
    agent=Kind(
        lists={"list_agents": "agentSummaries"},
        shows={"get_agent": "agent"},
        removes="delete_agent",
        by={"agentId": "agentId"},
        like={"agentId": "ABCDEFGHIJ", "agentStatus": "PREPARED"},
        id="{agentId}",
    ),
)


def _core(thing: str, path: str, by: str, like: Thing, **more: Any) -> Kind:
    return Kind(
        lists={more.pop("listing", f"list_{thing}s"): path},
        shows={f"get_{thing}": more.pop("shown", "")},
        removes=f"delete_{thing}",
        by={by: next(iter(like))},
        like={**like, "status": "READY", "createdAt": WHEN},
        id=more.pop("id_", f"{{{next(iter(like))}}}"),
        **more,
    )


def _has(kind: str) -> Any:
    def holds(_: Thing, shelves: Service) -> object:
        return [each for each in shelves.shelves[kind] if each.get("name") != "DEFAULT"]

    return ("ConflictException", holds)


_CORE: Final = Stock(
    "bedrock-agentcore-control",
    runtime=_core(
        "agent_runtime",
        "agentRuntimes",
        "agentRuntimeId",
        {"agentRuntimeId": "seeded-0123456789"},
        refuses=_has("endpoint"),
    ),
    endpoint=Kind(
        lists={"list_agent_runtime_endpoints": "runtimeEndpoints"},
        removes="delete_agent_runtime_endpoint",
        by={"endpointName": "name"},
        like={"name": "live", "status": "READY"},
        id="",
        given=({"name": "DEFAULT", "status": "READY"},),
    ),
    gateway=_core("gateway", "items", "gatewayIdentifier", {"gatewayId": "seeded-0123456789"}, refuses=_has("target")),
    target=Kind(
        lists={"list_gateway_targets": "items"},
        removes="delete_gateway_target",
        by={"targetId": "targetId"},
        like={"targetId": "ABCDEFGHIJ", "status": "READY"},
        id="",
    ),
    memory=_core(
        "memory",
        "memories",
        "memoryId",
        {"id": "seeded-0123456789", "arn": arn("bedrock-agentcore", "memory/seeded-0123456789")},
        listing="list_memories",
        shown="memory",
        id_="{arn}",
    ),
    interpreter=_core(
        "code_interpreter",
        "codeInterpreterSummaries",
        "codeInterpreterId",
        {"codeInterpreterId": "seeded-0123456789", "type": "CUSTOM"},
        given=({"codeInterpreterId": "aws.codeinterpreter.v1", "type": "SYSTEM", "status": "READY"},),
        of={"type": "type"},
    ),
    browser=_core(
        "browser",
        "browserSummaries",
        "browserId",
        {"browserId": "seeded-0123456789", "type": "CUSTOM"},
        given=({"browserId": "aws.browser.v1", "type": "SYSTEM", "status": "READY"},),
        of={"type": "type"},
    ),
)
_IVS: Final = Stock(
    "ivs",
    channel=Kind(
        lists={"list_channels": "channels"},
        shows={"get_channel": "channel"},
        removes="delete_channel",
        changes={"stop_stream": {"live": False}},
        by={"arn": "arn", "channelArn": "arn"},
        like={"arn": arn("ivs", "channel/abcdABCDefgh"), "live": True},
        id="{arn}",
        refuses=("ConflictException", lambda channel, _: channel["live"]),
    ),
)

SEEDS: Final = (
    _BEDROCK.seed("Bedrock::Guardrail", "guardrail"),
    _BEDROCK.seed("Bedrock::ApplicationInferenceProfile", "profile"),
    _BEDROCK.seed("Bedrock::ProvisionedModelThroughput", "bought"),
    _AGENTS.seed("Bedrock::Prompt", "prompt"),
    _AGENTS.seed("Bedrock::Agent", "agent"),
    _CORE.seed("BedrockAgentCore::Runtime", "runtime", with_=("endpoint",)),
    _CORE.seed("BedrockAgentCore::Gateway", "gateway", with_=("target",)),
    _CORE.seed("BedrockAgentCore::Memory", "memory"),
    _CORE.seed("BedrockAgentCore::CodeInterpreterCustom", "interpreter"),
    _CORE.seed("BedrockAgentCore::BrowserCustom", "browser"),
    _IVS.seed("IVS::Channel", "channel"),
)
