"""Seeds of SageMaker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from tests.cleanup.catalogue.frame import Rule, Seed
from tests.cleanup.catalogue.seeds.common import role_arn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cleanup.catalogue.frame import Clients


def _make_model(clients: Clients, name: str) -> str:
    made = clients("sagemaker").create_model(
        ModelName=name, ExecutionRoleArn=_role(clients), PrimaryContainer={"Image": "seeded"}
    )
    arn: str = made["ModelArn"]
    return arn


def _role(clients: Clients) -> str:
    return role_arn(clients, "seeded-sagemaker-role", "sagemaker")


def _model(clients: Clients) -> str:
    return _make_model(clients, "seeded-model")


def _make_config(clients: Clients, name: str) -> str:
    _make_model(clients, f"{name}-model")
    variant = {
        "VariantName": "all",
        "ModelName": f"{name}-model",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.t2.medium",
    }
    made = clients("sagemaker").create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    arn: str = made["EndpointConfigArn"]
    return arn


def _config(clients: Clients) -> str:
    return _make_config(clients, "seeded-config")


def _endpoint(clients: Clients) -> str:
    _make_config(clients, "seeded-of-endpoint")
    made = clients("sagemaker").create_endpoint(EndpointName="seeded-endpoint", EndpointConfigName="seeded-of-endpoint")
    arn: str = made["EndpointArn"]
    return arn


def _notebook(clients: Clients) -> str:
    made = clients("sagemaker").create_notebook_instance(
        NotebookInstanceName="seeded-notebook", InstanceType="ml.t3.medium", RoleArn=_role(clients)
    )
    arn: str = made["NotebookInstanceArn"]
    return arn


def _runs(clients: Clients, asked: Mapping[str, str]) -> object:
    try:
        seen = clients("sagemaker").describe_notebook_instance(NotebookInstanceName=asked["NotebookInstanceName"])
    except ClientError:
        return False
    return seen["NotebookInstanceStatus"] == "InService"


SEEDS: Final = (
    Seed(type="AWS::SageMaker::Model", make=_model),
    Seed(type="AWS::SageMaker::EndpointConfig", make=_config),
    Seed(type="AWS::SageMaker::Endpoint", make=_endpoint),
    Seed(
        type="AWS::SageMaker::NotebookInstance",
        make=_notebook,
        rules=(Rule("DeleteNotebookInstance", "ValidationException", _runs),),
    ),
)
