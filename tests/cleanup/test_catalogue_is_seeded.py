"""A type of the catalogue without a seed has never been seen to be found and deleted."""

from __future__ import annotations

from collections import Counter

from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.base import Scope
from atmosphere.cleanup.model import GLOBAL, Resource
from tests.cleanup.catalogue.seeds import SEEDS
from tests.cleanup.conftest import REGION


def test_every_type_has_a_seed() -> None:
    assert sorted({entry.name for entry in CATALOGUE} - {seed.type for seed in SEEDS}) == []


def test_no_type_is_in_the_catalogue_twice() -> None:
    assert [name for name, count in Counter(entry.name for entry in CATALOGUE).items() if count > 1] == []


def test_what_a_stack_names_is_sought_in_one_place_with_what_is_listed() -> None:
    seen_from_a_stack = {entry.name for entry in CATALOGUE if Resource.at(entry.name, "x", REGION).region == GLOBAL}
    assert seen_from_a_stack == {entry.name for entry in CATALOGUE if entry.scope is Scope.GLOBAL}


def test_types_that_are_one_in_the_account_are_one_to_the_cleanup() -> None:
    assert Resource.at("AWS::DynamoDB::GlobalTable", "t", REGION) == Resource("AWS::DynamoDB::Table", "t", REGION)
    assert Resource.at("AWS::KMS::ReplicaKey", "mrk-1", REGION) == Resource("AWS::KMS::Key", "mrk-1", REGION)
    gateway, search = "AWS::ApiGateway::DomainName", "AWS::OpenSearchService::Domain"
    assert Resource.at("AWS::ApiGatewayV2::DomainName", "d", REGION) == Resource(gateway, "d", REGION)
    assert Resource.at("AWS::Elasticsearch::Domain", "d", REGION) == Resource(search, "d", REGION)
