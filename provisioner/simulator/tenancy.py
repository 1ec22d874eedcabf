"""The initial content of a built-in Azure: tenant, subscriptions, directory.

It is added to a state and removes nothing: a state that exists keeps its home tenant unless another
is stated.
"""

from dataclasses import dataclass

from provisioner.simulator.entra.directory import EMPTY_DIRECTORY, Directory
from provisioner.simulator.state.cloud import TENANT, Cloud, stable_guid

FIRST_SUBSCRIPTION = stable_guid("first subscription")
"""The id of the one subscription of a built-in Azure of which none was stated."""


@dataclass(frozen=True, slots=True)
class StatedSubscription:
    """A subscription that exists from the start; `tenant` None is the home tenant."""

    id: str
    name: str
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class Tenancy:
    """The initial content of a built-in Azure.

    home_tenant    of every subscription without another; None: the state's, else the first one that
                   a subscription names
    subscriptions  those that exist from the start; none: one, unless the state has some
    directory      the principals
    """

    home_tenant: str | None = None
    subscriptions: tuple[StatedSubscription, ...] = ()
    directory: Directory = EMPTY_DIRECTORY

    def seed(self, cloud: Cloud) -> None:
        """Add the initial content to a cloud; whatever else it has stays."""
        is_fresh = not len(cloud.store.subscriptions)
        named = (each.tenant for each in self.subscriptions if each.tenant)
        home = self.home_tenant or (next(named, TENANT) if is_fresh else None)
        if home is not None and home.lower() != cloud.home_tenant:
            cloud.set_home_tenant(home)
        for each in self.subscriptions:
            cloud.add_subscription(each.id, each.name, each.tenant)
        if is_fresh and not self.subscriptions:
            cloud.add_subscription(FIRST_SUBSCRIPTION, "local")
        cloud.store.commit()
