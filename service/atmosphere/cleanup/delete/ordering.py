"""Who waits for whom: the order among stacks, from imports, roles, custom resources and references across regions.

All of it only saves refusals: CloudFormation itself refuses what is imported, and what fails is tried again. Source:
CloudFormation API reference, ListImports; CDK documentation on cross-region references (`/cdk/exports/CONSUMER/...`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.functions import FUNCTION
from atmosphere.cleanup.model import GLOBAL, STACK, Resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.scan.stacks import Stack
    from atmosphere.cleanup.state.ledger import Ledger


def roots(stacks: Sequence[Stack], ledger: Ledger) -> list[Stack]:
    """Stacks that no other existing stack contains: only these are deleted, the nested ones go with them."""
    nested = {
        item.id
        for stack in stacks
        for item in (ledger.stacks[stack.id].owned if stack.id in ledger.stacks else ())
        if item.type == STACK
    }
    ids = {stack.id for stack in stacks}
    return [stack for stack in stacks if stack.id not in nested and stack.parent not in ids]


def ready(stacks: Sequence[Stack], waits_for: Mapping[str, set[str]]) -> list[Stack]:
    """The stacks that wait for none of the others; all of them if they wait in a circle.

    `waits_for` maps a stack's id to the ids of those that must go before it.
    """
    ids = {stack.id for stack in stacks}
    first = [stack for stack in stacks if not (waits_for.get(stack.id, set()) & ids - {stack.id})]
    return first or list(stacks)


def importers(account: Account, stack: Stack) -> set[str]:
    """Names of the stacks that import what this one exports. Raises `ClientError`."""
    found: set[str] = set()
    client = account.client("cloudformation", stack.region)
    for export in stack.exports:
        try:
            for page in client.get_paginator("list_imports").paginate(ExportName=export):
                found.update(page["Imports"])
        except ClientError as error:
            if "not imported" not in error.response["Error"]["Message"] and "does not exist" not in str(error):
                raise
    return found - {stack.name}


def needs(stacks: Sequence[Stack], ledger: Ledger) -> Iterator[tuple[str, str]]:
    """Pairs (id of a stack, id of a root that still needs something of it): the first goes last."""
    owners = {item: stack.id for stack in stacks for item in ledger.tree(stack.id)}
    readers = {stack.name: stack.id for stack in stacks}
    for stack in stacks:
        needed = [Resource("AWS::IAM::Role", (stack.role or "").rpartition("/")[2], GLOBAL)]
        links = ledger.links(stack.id)
        needed += [Resource(FUNCTION, link.provider, stack.region) for link in links]
        yield from ((owners[item], stack.id) for item in needed if item in owners)
        for link in links:
            yield from ((stack.id, readers[name]) for name in link.readers if name in readers)
