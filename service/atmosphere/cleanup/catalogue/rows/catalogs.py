"""Service Catalog and its AppRegistry: what joins a portfolio or an application with others goes before it.

Source: the API reference of each service; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Any, Final

from atmosphere.cleanup.catalogue.plain import first, plain
from atmosphere.cleanup.catalogue.row import Call, Listing, Step

_TAG_OPTIONS: Final = ("disassociate_tag_option_from_resource", "ResourceId", "TagOptionId")
_CATALOG: Final[dict[str, Any]] = {"busy": "ResourceInUseException", "closed": "TagOptionNotMigratedException"}


def _principals(kind: str) -> Step:
    """Those of one type, which has to be said along with them."""
    return first(
        "disassociate_principal_from_portfolio",
        "PortfolioId",
        "PrincipalARN",
        each=Listing(
            "list_principals_for_portfolio", "PrincipalARN", members=f"Principals[?PrincipalType == '{kind}']"
        ),
        PrincipalType=kind,
    )


_PORTFOLIOS: Final = (
    plain(
        "ServiceCatalog::Portfolio",
        "servicecatalog",
        Listing("list_portfolios", "Id", "CreatedTime"),
        "delete_portfolio",
        see="describe_portfolio",
        strip=(
            first("delete_constraint", "", "Id", each=Listing("list_constraints_for_portfolio", "ConstraintId")),
            _principals("IAM"),
            _principals("IAM_PATTERN"),
            first(
                "disassociate_product_from_portfolio",
                "PortfolioId",
                "ProductId",
                each=Listing("search_products_as_admin", "ProductViewSummary.ProductId", of="PortfolioId"),
            ),
            first(*_TAG_OPTIONS, each=Listing("describe_portfolio", "Id", members="TagOptions")),
        ),
        **_CATALOG,
    ),
    plain(
        "ServiceCatalog::CloudFormationProduct",
        "servicecatalog",
        Listing("search_products_as_admin", "ProductViewSummary.ProductId", "CreatedTime"),
        "delete_product",
        see=Call("describe_product_as_admin", "Id"),
        strip=(
            first(
                "disassociate_product_from_portfolio",
                "ProductId",
                "PortfolioId",
                each=Listing("list_portfolios_for_product", "Id"),
            ),
            first(*_TAG_OPTIONS, each=Listing("describe_product_as_admin", "Id", members="TagOptions", of="Id")),
        ),
        after=("AWS::ServiceCatalog::Portfolio",),
        **_CATALOG,
    ),
    plain(
        "ServiceCatalog::TagOption",
        "servicecatalog",
        Listing("list_tag_options", "Id"),
        "delete_tag_option",
        see="describe_tag_option",
        after=("AWS::ServiceCatalog::Portfolio", "AWS::ServiceCatalog::CloudFormationProduct"),
        **_CATALOG,
    ),
)


def _resources(kind: str) -> Step:
    """Those of one type, which has to be said along with them."""
    members = f"resources[?resourceType == '{kind}']"
    each = Listing("list_associated_resources", "name", members=members)
    return first("disassociate_resource", "application", "resource", each=each, resourceType=kind)


_APPLICATIONS: Final = (
    plain(
        "ServiceCatalogAppRegistry::Application",
        "servicecatalog-appregistry",
        Listing("list_applications", "id", "creationTime"),
        "delete_application",
        see="get_application",
        strip=(
            _resources("CFN_STACK"),
            _resources("RESOURCE_TAG_VALUE"),
            first(
                "disassociate_attribute_group",
                "application",
                "attributeGroup",
                each=Listing("list_associated_attribute_groups"),
            ),
        ),
        busy="ValidationException",
    ),
    plain(
        "ServiceCatalogAppRegistry::AttributeGroup",
        "servicecatalog-appregistry",
        Listing("list_attribute_groups", "id", "creationTime"),
        "delete_attribute_group",
        see="get_attribute_group",
        busy="ValidationException",
        after=("AWS::ServiceCatalogAppRegistry::Application",),
    ),
)

ROWS: Final = (*_PORTFOLIOS, *_APPLICATIONS)
