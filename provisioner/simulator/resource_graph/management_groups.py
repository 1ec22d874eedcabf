"""The management groups of a caller's tenant, as queries see them.

`arm.management_group_tree` changes and shows the same rows; it stands above the policies, which ask
this package, and cannot be asked from here.
"""

from collections.abc import Iterator

from provisioner.model.permissions import is_management_group
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.state.cloud import Cloud


class ManagementGroups:
    """The groups of a tenant: their names by key (in lower case), the root first."""

    def __init__(self, cloud: Cloud, tenant: str | None) -> None:
        self._cloud = cloud
        self._rows = dict(cloud.store.management_groups.items())
        self.tenant = tenant or cloud.home_tenant
        self.root = self.tenant.lower()
        made = {key: str(row["name"]) for key, row in self._rows.items()}
        self.names: dict[str, str] = {self.root: self.tenant, **dict(self._used()), **made}

    def _used(self) -> Iterator[tuple[str, str]]:
        """Yield the groups at which something stands: they exist without being made."""
        for _, row in self._cloud.store.resources.items():
            if row.id.scope is not None and is_management_group(row.id.scope):
                yield row.id.scope.name.lower(), row.id.scope.name

    def display_name(self, key: str) -> str:
        """Return the name that people read."""
        row = self._rows.get(key)
        stated = row["displayName"] if row is not None else None
        if isinstance(stated, str):
            return stated
        return "Tenant Root Group" if key == self.root else self.names[key]

    def above(self, key: str) -> list[str]:
        """Return the keys of what a group stands below, the nearest first."""
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
        """Return the keys of the groups that a subscription is in, the nearest first."""
        holder = self._cloud.store.group_members.get(subscription.lower())
        key = holder if isinstance(holder, str) and holder in self.names else self.root
        return [key, *self.above(key)]

    def subscriptions_below(self, names: tuple[str, ...]) -> frozenset[str]:
        """Return the subscriptions, in lower case, in or below groups. Raises RefusalError for a
        group that there is not."""
        for name in names:
            if name.lower() not in self.names:
                message = f"The management group '{name}' cannot be found in the tenant."
                raise RefusalError(404, "NotFound", message)
        wanted = {name.lower() for name in names}
        known = (key for key, _ in self._cloud.store.subscriptions.items())
        return frozenset(each for each in known if not wanted.isdisjoint(self.holders_of(each)))
