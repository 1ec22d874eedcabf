"""The management groups of a caller's tenant, as queries see them.

`arm.management_group_tree` reads and writes the same rows. It is a layer above the policies, which
query this package, and so cannot be imported here.
"""

from collections.abc import Iterator

from provisioner.model.permissions import is_management_group
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.state.cloud import Cloud


class ManagementGroups:
    """The management groups of a tenant; `names` are by lower-case key, the root group first."""

    def __init__(self, cloud: Cloud, tenant: str | None) -> None:
        self._cloud = cloud
        self._rows = dict(cloud.store.management_groups.items())
        self.tenant = tenant or cloud.home_tenant
        self.root = self.tenant.lower()
        created = {key: str(row["name"]) for key, row in self._rows.items()}
        self.names: dict[str, str] = {
            self.root: self.tenant,
            **dict(self._groups_in_use()),
            **created,
        }

    def _groups_in_use(self) -> Iterator[tuple[str, str]]:
        """Yield the groups that hold an extension resource: they exist without being created."""
        for _, row in self._cloud.store.resources.items():
            if row.id.scope is not None and is_management_group(row.id.scope):
                yield row.id.scope.name.lower(), row.id.scope.name

    def display_name(self, key: str) -> str:
        """Return the display name: by default the group's name, "Tenant Root Group" of the root."""
        row = self._rows.get(key)
        stated = row["displayName"] if row is not None else None
        if isinstance(stated, str):
            return stated
        return "Tenant Root Group" if key == self.root else self.names[key]

    def above(self, key: str) -> list[str]:
        """Return the keys of the ancestors of a group, nearest first."""
        found: list[str] = []
        while key != self.root:
            row = self._rows.get(key)
            parent = row["parent"] if row is not None else None
            key = parent if isinstance(parent, str) and parent in self.names else self.root
            if key in found:
                break
            found.append(key)
        return found

    def holders_of(self, subscription: str) -> list[str]:
        """Return the keys of the groups that contain a subscription, nearest first."""
        holder = self._cloud.store.group_members.get(subscription.lower())
        key = holder if isinstance(holder, str) and holder in self.names else self.root
        return [key, *self.above(key)]

    def subscriptions_below(self, names: tuple[str, ...]) -> frozenset[str]:
        """Return the subscriptions (lower case) in or below management groups.

        Raises:
            RefusalError: a group does not exist.
        """
        for name in names:
            if name.lower() not in self.names:
                message = f"The management group '{name}' cannot be found in the tenant."
                raise RefusalError(404, "NotFound", message)
        group_keys = {name.lower() for name in names}
        known = (key for key, _ in self._cloud.store.subscriptions.items())
        return frozenset(each for each in known if not group_keys.isdisjoint(self.holders_of(each)))
