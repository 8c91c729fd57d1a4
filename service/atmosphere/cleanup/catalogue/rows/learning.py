"""SageMaker: endpoints, their configurations, models, notebooks.

A bad request is what it answers for one that is not there, and for more: the looks tell what is there. Source: the
SageMaker API reference; the ids are what the CloudFormation reference gives as `Ref`, which are ARNs.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Errors, Stage
from atmosphere.cleanup.catalogue.row import Call, Listing, Row, Step

_NAME: Final = r".*/([^/]+)"
_ABSENT: Final = Errors(absent=("ValidationException", "ResourceNotFound"), busy=("ConflictException",))


def _plain(kind: str, operation: str, after: tuple[str, ...] = (), ending: str | None = None) -> Row:
    return Row(
        name=f"AWS::SageMaker::{kind}",
        service="sagemaker",
        stage=Stage.SLOW if ending else Stage.SWEEP,
        after=after,
        listing=Listing(f"list_{operation}s", f"{kind}Arn", "CreationTime"),
        see=Call(f"describe_{operation}"),
        parts=_NAME,
        ending=ending,
        remove=Call(f"delete_{operation}"),
        errors=_ABSENT,
    )


ROWS: Final = (
    _plain("Endpoint", "endpoint", ending="EndpointStatus == 'Deleting'"),
    _plain("EndpointConfig", "endpoint_config", after=("AWS::SageMaker::Endpoint",)),
    _plain("Model", "model", after=("AWS::SageMaker::EndpointConfig",)),
    # stopped, which takes minutes, and deleted then
    Row(
        name="AWS::SageMaker::NotebookInstance",
        service="sagemaker",
        stage=Stage.SLOW,
        listing=Listing("list_notebook_instances", "NotebookInstanceArn", "CreationTime"),
        see=Call("describe_notebook_instance"),
        parts=_NAME,
        ending="NotebookInstanceStatus == 'Deleting' || NotebookInstanceStatus == 'Stopping'",
        strip=(Step(call=Call("stop_notebook_instance"), when="NotebookInstanceStatus == 'InService'"),),
        remove=Call("delete_notebook_instance"),
        errors=_ABSENT,
    ),
)
