"""Management groups: a tree below the tenant's root group, with subscriptions as its leaves.

The root group has the tenant's id, and contains what has no other parent. A group that has an
assignment exists without being created, as a subscription does. The codes of refusals are inferred.

Source: "Management Groups", "Management Group Subscriptions" and "Entities" of the Management
Groups REST reference, and "What are Azure management groups?".
"""

from provisioner.model.permissions import is_management_group
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import lookup
from provisioner.simulator.arm.management_group_tree import (
    ManagementGroupTree,
)
from provisioner.simulator.odata.options import check_options, page
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.protocol.query_options import check_query_options
from provisioner.simulator.state.cloud import Cloud


def list_groups(cloud: Cloud, request: Request) -> Answer:
    """Answer all groups, the root first, without their children."""
    check_options(request, ())
    tree = ManagementGroupTree(cloud, request)
    return page(cloud, request, list(tree.groups), tree.summary)


def get_group(cloud: Cloud, request: Request, name: str) -> Answer:
    """Answer a group; with children by `$expand=children`, at all levels by `$recurse=true`.

    Raises:
        RefusalError: the group does not exist, or an option is not supported.
    """
    check_query_options(request, ("$expand", "$recurse", "$filter"))
    if request.query.get("$filter"):
        raise RefusalError(400, "BadRequest", "Children are not filtered by the built-in Azure.")
    tree = ManagementGroupTree(cloud, request)
    key = tree.key_of(name)
    expanded = {each.strip().lower() for each in request.query.get("$expand", "").split(",")}
    if expanded - {"", "children", "path", "ancestors"}:
        raise RefusalError(400, "BadRequest", "$expand is children, path or ancestors.")
    recurse = request.query.get("$recurse", "").lower() == "true"
    return Answer(200, tree.shown(key, expanded, recurse=recurse))


def put_group(cloud: Cloud, request: Request, name: str) -> Answer:
    """Answer a PUT: create a group, rename it, or move it below another parent."""
    document = request.read_object()
    parent = lookup(document, ("properties", "details", "parent", "id"))
    _write_group(cloud, request, name, lookup(document, ("properties", "displayName")), parent)
    return Answer(
        200, ManagementGroupTree(cloud, request).shown(name.lower(), set(), recurse=False)
    )


def patch_group(cloud: Cloud, request: Request, name: str) -> Answer:
    """Answer a PATCH: change the display name or the parent of a group."""
    ManagementGroupTree(cloud, request).key_of(name)
    document = request.read_object()
    _write_group(cloud, request, name, document.get("displayName"), document.get("parentGroupId"))
    return Answer(
        200, ManagementGroupTree(cloud, request).shown(name.lower(), set(), recurse=False)
    )


def delete_group(cloud: Cloud, request: Request, name: str) -> Answer:
    """Answer a DELETE of a group.

    Raises:
        RefusalError: it is the root, or has groups or subscriptions in it.
    """
    tree = ManagementGroupTree(cloud, request)
    key = name.lower()
    if key not in tree.groups:
        return Answer(204)
    if key == tree.root:
        raise RefusalError(400, "RootManagementGroupCannotBeDeleted", "The root cannot be deleted.")
    if tree.children_of(key) or tree.subscriptions_in(key):
        raise RefusalError(
            409, "ManagementGroupHasChildren", f"The group '{name}' has groups or subscriptions."
        )
    cloud.store.management_groups.remove(key)
    return Answer(204)


def _write_group(
    cloud: Cloud, request: Request, name: str, display_name: object, parent: object
) -> Answer:
    tree = ManagementGroupTree(cloud, request)
    key = name.lower()
    stored = cloud.store.management_groups.get(key) or {}
    title = display_name if isinstance(display_name, str) else stored.get("displayName", name)
    above = str(stored.get("parent", tree.root))
    if isinstance(parent, str):
        parent_id = parse_resource_id(parent)
        if parent_id is None or not is_management_group(parent_id):
            raise RefusalError(400, "InvalidParentId", f"'{parent}' is not the id of a group.")
        above = tree.key_of(parent_id.name)
    if key != tree.root:
        tree.check_parent(key, above)
    row = {"name": stored.get("name", name), "displayName": title, "parent": above}
    cloud.store.management_groups.put(key, {**row, "updated": cloud.stamp()})
    return Answer(200, ManagementGroupTree(cloud, request).shown(key, set(), recurse=False))


def list_subscriptions(cloud: Cloud, request: Request, name: str) -> Answer:
    """Answer the subscriptions directly in a group."""
    check_options(request, ())
    tree = ManagementGroupTree(cloud, request)
    key = tree.key_of(name)
    return page(cloud, request, tree.subscriptions_in(key), lambda each: tree.member(key, each))


def put_subscription(cloud: Cloud, request: Request, name: str, subscription: str) -> Answer:
    """Answer a PUT: move a subscription into this group.

    Raises:
        RefusalError: the subscription does not exist.
    """
    tree = ManagementGroupTree(cloud, request)
    key = tree.key_of(name)
    if cloud.store.subscriptions.get(subscription.lower()) is None:
        raise RefusalError(
            404, "SubscriptionNotFound", f"There is no subscription '{subscription}'."
        )
    cloud.store.group_members.put(subscription.lower(), key)
    return Answer(200, ManagementGroupTree(cloud, request).member(key, subscription.lower()))


def delete_subscription(cloud: Cloud, request: Request, name: str, subscription: str) -> Answer:
    """Answer a DELETE: move the subscription back to the root group."""
    tree = ManagementGroupTree(cloud, request)
    if subscription.lower() not in tree.subscriptions_in(tree.key_of(name)):
        return Answer(204)
    cloud.store.group_members.remove(subscription.lower())
    return Answer(200)


def list_entities(cloud: Cloud, request: Request) -> Answer:
    """Answer POST getEntities: every group and subscription, each with its ancestors."""
    check_options(request, ())
    tree = ManagementGroupTree(cloud, request)
    entities = [tree.entity_of_group(key) for key in tree.groups]
    entities += [
        tree.entity_of_subscription(key, each)
        for key in tree.groups
        for each in tree.subscriptions_in(key)
    ]
    return page(cloud, request, entities, lambda entity: entity)
