"""The routes of Azure Resource Manager beside those of single resources."""

from provisioner.catalog import resource_manager as named
from provisioner.catalog.resource_manager import (
    CHECK_NAME,
    DELETE_TAG_NAME,
    DELETE_TAG_VALUE,
    DELETE_TAGS,
    GET_TAGS,
    PATCH_TAGS,
    PUT_TAG_NAME,
    PUT_TAG_VALUE,
    PUT_TAGS,
    TAG_NAMES,
)
from provisioner.model.resource_id import ResourceId, subscription_id
from provisioner.model.resource_id import resource_group_id as group_id
from provisioner.simulator.arm import (
    listing,
    locations,
    management_groups,
    moves,
    operations,
    reserved_names,
    subscriptions,
    tags,
    template_export,
    tenants,
)
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.protocol.routes import GROUP, PROVIDER, SUBSCRIPTION, Route
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.existence import check_scope_exists


def _list_group_resources(cloud: Cloud, request: Request, subscription: str, group: str) -> Answer:
    resource = group_id(subscription, group)
    check_scope_exists(
        cloud, cloud.type_of(resource), ResourceId("", ("",), resource), writing=False
    )
    return listing.list_resources(cloud, request, resource)


def _list_resources(cloud: Cloud, request: Request, subscription: str) -> Answer:
    return listing.list_resources(cloud, request, subscription_id(subscription))


def _list_groups(cloud: Cloud, request: Request, subscription: str) -> Answer:
    return listing.list_groups(cloud, request, subscription_id(subscription))


def _poll_status(cloud: Cloud, request: Request, token: str, **_path_parameters: str) -> Answer:
    return operations.answer_status(cloud, request, token)


def _poll_result(cloud: Cloud, request: Request, token: str, **_path_parameters: str) -> Answer:
    return operations.answer_result(cloud, request, token)


def _poll_purge(_cloud: Cloud, _request: Request, **_path_parameters: str) -> Answer:
    return Answer(200)


_LOCATION = PROVIDER + "/locations/{location}"

_PLAIN = (
    Route.at("GET", "/metadata/endpoints", tenants.get_metadata),
    Route.at("GET", "/tenants", tenants.list_tenants),
    Route.at("GET", "/providers", subscriptions.list_providers, reads_options=True),
    Route.at("GET", "/providers/{namespace}", subscriptions.get_provider, reads_options=True),
    Route.at("GET", "/subscriptions", tenants.list_subscriptions),
    Route.at("GET", SUBSCRIPTION, tenants.get_subscription),
    Route.at("GET", SUBSCRIPTION + "/locations", locations.list_locations, reads_options=True),
    Route.at("GET", SUBSCRIPTION + "/resources", _list_resources, reads_options=True),
    Route.at("GET", SUBSCRIPTION + "/resourcegroups", _list_groups, reads_options=True),
    Route.at("GET", GROUP + "/resources", _list_group_resources, reads_options=True),
    Route.at("POST", GROUP + "/exportTemplate", template_export.export_group),
    Route.at("POST", GROUP + "/moveResources", moves.move_resources),
    Route.at("POST", GROUP + "/validateMoveResources", moves.validate_move),
    Route.of(CHECK_NAME, reserved_names.check_resource_name),
    Route.of(GET_TAGS, tags.get_tags),
    Route.of(PUT_TAGS, tags.put_tags),
    Route.of(PATCH_TAGS, tags.patch_tags),
    Route.of(DELETE_TAGS, tags.delete_tags),
    Route.of(TAG_NAMES, tags.list_tag_names, reads_options=True),
    Route.of(PUT_TAG_NAME, tags.put_tag_name),
    Route.of(DELETE_TAG_NAME, tags.delete_tag_name),
    Route.of(PUT_TAG_VALUE, tags.put_tag_value),
    Route.of(DELETE_TAG_VALUE, tags.delete_tag_value),
    Route.at("GET", SUBSCRIPTION + "/providers", subscriptions.list_providers, reads_options=True),
    Route.at("GET", PROVIDER, subscriptions.get_provider, reads_options=True),
    Route.at(
        "GET", PROVIDER + "/resourceTypes", subscriptions.list_provider_types, reads_options=True
    ),
    Route.at("POST", PROVIDER + "/(?P<verb>register|unregister)", subscriptions.register_provider),
    Route.at("POST", PROVIDER + "/checkNameAvailability", subscriptions.check_name_availability),
    Route.at("GET", SUBSCRIPTION + "/operationresults/{token}", _poll_result),
    Route.at("GET", _LOCATION + "/operations/{token}", _poll_status),
    Route.at("GET", _LOCATION + "/operationResults/{token}", _poll_result),
    Route.at("GET", _LOCATION + "/asyncoperations/{token}", _poll_result),
    Route.at("GET", _LOCATION + "/purgeResults/{name}", _poll_purge),
)

_MANAGEMENT_GROUPS = (
    Route.of(named.LIST_MANAGEMENT_GROUPS, management_groups.list_groups, reads_options=True),
    Route.of(named.GET_MANAGEMENT_GROUP, management_groups.get_group, reads_options=True),
    Route.of(named.PUT_MANAGEMENT_GROUP, management_groups.put_group),
    Route.of(named.PATCH_MANAGEMENT_GROUP, management_groups.patch_group),
    Route.of(named.DELETE_MANAGEMENT_GROUP, management_groups.delete_group),
    Route.of(named.LIST_MEMBERS, management_groups.list_subscriptions, reads_options=True),
    Route.of(named.PUT_MEMBER, management_groups.put_subscription),
    Route.of(named.DELETE_MEMBER, management_groups.delete_subscription),
    Route.of(named.LIST_ENTITIES, management_groups.list_entities, reads_options=True),
)
ROUTES = (*_PLAIN, *_MANAGEMENT_GROUPS)
