"""The tree of management groups, derived from the state, and its JSON.

A group without a stored parent is below the root, whose id is the tenant's; there are at most six
levels below it ("What are Azure management groups?").
"""

from collections.abc import Iterator, Mapping

from provisioner.catalog.deployment import MANAGEMENT_GROUP_TYPE
from provisioner.model.permissions import is_management_group
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Json
from provisioner.simulator.entra.caller import read_caller
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Request
from provisioner.simulator.state.cloud import Cloud

MEMBER_TYPE = f"{MANAGEMENT_GROUP_TYPE}/subscriptions"
"""The type of a subscription's place in a group."""
_DEEPEST = 6
"""How many levels of groups there are below the root."""


def group_id(name: str) -> ResourceId:
    """Return the id of a management group."""
    return ResourceId(MANAGEMENT_GROUP_TYPE, (name,))


class ManagementGroupTree:
    """The management groups of the caller's tenant.

    `groups` are their names by lower-case key, the root first.
    """

    def __init__(self, cloud: Cloud, request: Request) -> None:
        self._cloud = cloud
        self._tenant = read_caller(request).tenant or cloud.home_tenant
        self.root = self._tenant.lower()
        self._rows = dict(cloud.store.management_groups.items())
        created = ((key, str(row["name"])) for key, row in self._rows.items())
        in_use = ((each.name.lower(), each.name) for each in self._groups_with_extensions())
        self.groups: dict[str, str] = {self.root: self._tenant, **dict(in_use), **dict(created)}

    def _groups_with_extensions(self) -> Iterator[ResourceId]:
        """Yield the groups that hold an extension resource: they exist without being created."""
        for _, row in self._cloud.store.resources.items():
            top = row.id.scope if not is_management_group(row.id) else row.id
            if top is not None and is_management_group(top):
                yield top

    def key_of(self, name: str) -> str:
        """Return the key of a group.

        Raises:
            RefusalError: the group does not exist.
        """
        if name.lower() not in self.groups:
            raise RefusalError(
                404, "NotFound", f"The management group '{name}' cannot be found in the tenant."
            )
        return name.lower()

    def check_parent(self, key: str, parent: str) -> None:
        """Check that a group may be moved below a parent.

        Raises:
            RefusalError: the parent is below the group, or the tree would be deeper than 6 levels.
        """
        chain = [parent, *self.above(parent)]
        if key in chain:
            raise RefusalError(400, "InvalidParentId", "A group does not stand below itself.")
        if len(chain) > _DEEPEST:
            raise RefusalError(
                400, "ManagementGroupHierarchyTooDeep", f"There are {_DEEPEST} levels of groups."
            )

    def parent_of(self, key: str) -> str | None:
        """Return the key of the parent of a group; None for the root."""
        if key == self.root:
            return None
        row = self._rows.get(key)
        parent = row["parent"] if row is not None else None
        return parent if isinstance(parent, str) and parent in self.groups else self.root

    def above(self, key: str) -> list[str]:
        """Return the keys of the ancestors of a group, nearest first."""
        found: list[str] = []
        parent = self.parent_of(key)
        while parent is not None and parent not in found:
            found.append(parent)
            parent = self.parent_of(parent)
        return found

    def children_of(self, key: str) -> list[str]:
        """Return the keys of the groups directly below a group."""
        return [each for each in self.groups if self.parent_of(each) == key]

    def subscriptions_in(self, key: str) -> list[str]:
        """Return the subscriptions directly in a group; the root has those of no other group."""
        group_of = dict(self._cloud.store.group_members.items())
        known = (each for each, _ in self._cloud.store.subscriptions.items())
        return [each for each in known if group_of.get(each, self.root) == key]

    def display_name(self, key: str) -> str:
        """Return the display name of a group."""
        row = self._rows.get(key)
        title = row["displayName"] if row is not None else None
        if isinstance(title, str):
            return title
        return "Tenant Root Group" if key == self.root else self.groups[key]

    def reference(self, key: str) -> dict[str, Json]:
        """Return the JSON by which another group refers to a group."""
        name = self.groups[key]
        return {"id": group_id(name).text, "name": name, "displayName": self.display_name(key)}

    def summary(self, key: str) -> dict[str, Json]:
        """Return the JSON of a group in a list."""
        name = self.groups[key]
        return {
            "id": group_id(name).text,
            "type": MANAGEMENT_GROUP_TYPE,
            "name": name,
            "properties": {"tenantId": self._tenant, "displayName": self.display_name(key)},
        }

    def shown(self, key: str, expanded: set[str], *, recurse: bool) -> dict[str, Json]:
        """Return the JSON of a group for its GET.

        `expanded` are of `path`, `ancestors`, `children`; `recurse` expands children at all levels.
        """
        row, parent = self._rows.get(key), self.parent_of(key)
        details: dict[str, Json] = {"version": 1, "updatedBy": "local"}
        if row is not None:
            details["updatedTime"] = row["updated"]
        if parent is not None:
            details["parent"] = self.reference(parent)
        above = self.above(key)
        if "path" in expanded:
            path: list[Json] = [self.reference(each) for each in (*reversed(above), key)]
            details["path"] = path
        if "ancestors" in expanded:
            details["managementGroupAncestors"] = [self.groups[each] for each in above]
        properties: dict[str, Json] = {
            "tenantId": self._tenant,
            "displayName": self.display_name(key),
            "details": details,
        }
        if "children" in expanded:
            properties["children"] = self._render_children(key, recurse=recurse)
        return {**self.summary(key), "properties": properties}

    def _render_children(self, key: str, *, recurse: bool) -> list[Json]:
        found: list[Json] = []
        for each in self.children_of(key):
            child = {"type": MANAGEMENT_GROUP_TYPE, **self.reference(each)}
            if recurse:
                child["children"] = self._render_children(each, recurse=True)
            found.append(child)
        found += [
            {
                "type": "/subscriptions",
                "id": f"/subscriptions/{each}",
                "name": each,
                "displayName": self._subscription_name(each),
            }
            for each in self.subscriptions_in(key)
        ]
        return found

    def _subscription_name(self, subscription: str) -> str:
        return self._cloud.store.subscriptions.get(subscription) or subscription

    def member(self, key: str, subscription: str) -> dict[str, Json]:
        """Return the JSON of a subscription as a member of a group."""
        member_id = ResourceId(MEMBER_TYPE, (self.groups[key], subscription))
        return {
            "id": member_id.text,
            "type": MEMBER_TYPE,
            "name": subscription,
            "properties": {
                "tenant": self._tenant,
                "displayName": self._subscription_name(subscription),
                "parent": {"id": group_id(self.groups[key]).text},
                "state": "Active",
            },
        }

    def entity_of_group(self, key: str) -> dict[str, Json]:
        """Return the JSON of a group for getEntities."""
        groups, subscriptions = self.children_of(key), self.subscriptions_in(key)
        counts: dict[str, Json] = {
            "numberOfChildren": len(groups) + len(subscriptions),
            "numberOfChildGroups": len(groups),
        }
        return self._render_entity(self.summary(key), self.above(key), counts)

    def entity_of_subscription(self, key: str, subscription: str) -> dict[str, Json]:
        """Return the JSON of a subscription for getEntities."""
        summary: dict[str, Json] = {
            "id": f"/subscriptions/{subscription}",
            "type": "/subscriptions",
            "name": subscription,
            "properties": {
                "tenantId": self._tenant,
                "displayName": self._subscription_name(subscription),
            },
        }
        return self._render_entity(summary, [key, *self.above(key)], {})

    def _render_entity(
        self, summary: Mapping[str, Json], above: list[str], counts: Mapping[str, Json]
    ) -> dict[str, Json]:
        properties = summary["properties"]
        parent = {"id": group_id(self.groups[above[0]]).text if above else None}
        chain = [self.groups[each] for each in reversed(above)]
        shown: dict[str, Json] = {
            **(properties if isinstance(properties, Mapping) else {}),
            "parent": parent,
            "permissions": "edit",
            "inheritedPermissions": "edit",
            "parentNameChain": chain,
            "parentDisplayNameChain": [self.display_name(each) for each in reversed(above)],
            **counts,
        }
        return {**summary, "properties": shown}
