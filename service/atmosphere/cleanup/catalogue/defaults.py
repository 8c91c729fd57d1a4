"""What botocore's model of an operation says, so that a row need not: which parameters it takes, where its members are.

The client loads its models to make calls and to page: no further file is read here, and none at import. Where a model
leaves a choice the row has to make it, because a guess could name another resource or list nothing; without it the call
fails before anything is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jmespath  # type: ignore[import-untyped]  # comes with botocore
from botocore.exceptions import PaginationError, ParamValidationError

from atmosphere.cleanup.catalogue.base import pages

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from botocore.model import OperationModel

Parts = tuple[str | None, ...]
"""What operations take of an id, in order."""
Keys = str | tuple[str, ...] | None
"""The parameters that take the parts; an empty name leaves a part out. None: the only one that is required."""


def model_of(client: Any, operation: str) -> OperationModel:
    """The model of an operation by boto3's name."""
    model: OperationModel = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
    return model


def named(model: OperationModel, keys: Keys, parts: Parts, apart: Collection[str] = ()) -> dict[str, Any]:
    """The parts by the parameters that take them, in a list where a parameter takes one.

    `apart` are parameters that are given otherwise. Of an id with too few parts some parameters are missing, which
    botocore or AWS refuses.
    """
    names = (required(model, apart),) if keys is None else (keys,) if isinstance(keys, str) else keys
    shapes = model.input_shape.members if model.input_shape else {}
    given = {name: part for name, part in zip(names, parts, strict=False) if name and part is not None}
    lists = {name for name in given if name in shapes and shapes[name].type_name == "list"}
    return {name: [part] if name in lists else part for name, part in given.items()}


def members(client: Any, operation: str, path: str | None, **parameters: Any) -> Iterator[Any]:
    """The members in all pages: by a JMESPath, or without one by the only result key of botocore's paginator."""
    if path is not None:
        for page in pages(client, operation, **parameters):
            yield from jmespath.search(path, page) or ()
        return
    read = client.get_paginator(operation).paginate(**parameters)
    if len(read.result_keys) != 1:
        keys = [key.expression for key in read.result_keys]
        raise PaginationError(message=f"{operation} has several results, {keys}: name one as `members` of the listing")
    for page in read:
        yield from read.result_keys[0].search(page) or ()


def required(model: OperationModel, apart: Collection[str]) -> str:
    """The only parameter that an operation requires, but for those `apart`."""
    members_ = model.input_shape.required_members if model.input_shape else ()
    left = [name for name in members_ if name not in apart]
    if len(left) != 1:
        report = f"{model.name} requires {left}, which is not one parameter: name those that take the id in the row"
        raise ParamValidationError(report=report)
    return left[0]
