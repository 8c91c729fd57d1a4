"""What botocore's models say of AWS's operations: what they take, and what a complete reply has."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.loaders import create_loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StringShape, StructureShape

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_LOADER: Final[Any] = create_loader()
TEXT: Final = "x" * 64
"""Long enough for every name and ARN."""


@cache
def operations(service: str) -> Mapping[str, OperationModel]:
    """The operations of a service by boto3's names."""
    model = ServiceModel(_LOADER.load_service_model(service, "service-2"), service)
    return {xform_name(name): model.operation_model(name) for name in model.operation_names}


@cache
def paged(service: str) -> Mapping[str, tuple[str, ...]]:
    """The operations that botocore itself reads page by page, each with its result keys."""
    try:
        paginators = _LOADER.load_service_model(service, "paginators-1")["pagination"]
    except UnknownServiceError:
        return {}
    keys = {xform_name(name): entry["result_key"] for name, entry in paginators.items()}
    return {name: (key,) if isinstance(key, str) else tuple(key) for name, key in keys.items()}


def result_keys(service: str, operation: str) -> tuple[str, ...]:
    """Where botocore's paginator has the members; none without a paginator."""
    return paged(service).get(operation, ())


def required(service: str, operation: str, apart: Collection[str]) -> tuple[str, ...]:
    """The parameters that have to be given, but for those `apart`."""
    shape = operations(service)[operation].input_shape
    return tuple(name for name in (shape.required_members if shape else ()) if name not in apart)


def whole(shape: Shape | None, above: tuple[str, ...] = ()) -> Any:
    """A value of this shape with everything in it; what is in itself ends there."""
    if shape is None or shape.name in above:
        return None
    above = (*above, shape.name)
    if isinstance(shape, StructureShape):
        return {name: whole(member, above) for name, member in shape.members.items()}
    if isinstance(shape, ListShape):
        return [whole(shape.member, above)] * max(shape.metadata.get("min", 1), 1)
    if isinstance(shape, MapShape):
        return {"key": whole(shape.value, above)}
    if isinstance(shape, StringShape):
        return shape.enum[0] if shape.enum else TEXT
    plain = {"boolean": True, "integer": 1, "long": 1, "float": 1.0, "double": 1.0, "timestamp": datetime.now(UTC)}
    return plain.get(shape.type_name, TEXT)
