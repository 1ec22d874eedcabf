"""The roots of an adoption: subscriptions, resource groups and clusters named by options.

Called by `cli` for `azsec adopt`, before anything below the roots is read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provisioner.adoption.discovery import Roots
from provisioner.catalog.node_pools import CLUSTER
from provisioner.engine.ports import Reader
from provisioner.model.diagnostic import DiagnosticError, error, nearest
from provisioner.model.guid import is_guid
from provisioner.model.resource_id import ResourceId, parse_resource_id, resource_group_id
from provisioner.plan.reads import SUBSCRIPTIONS


@dataclass(frozen=True, slots=True)
class Names:
    """The display names of the subscriptions, by GUID in lower case, and their tenant."""

    subscriptions: Mapping[str, str]
    tenant: str


@dataclass(frozen=True, slots=True)
class AdoptionSources:
    """The roots as options name them.

    Resource groups are `SUBSCRIPTION/GROUP` or `GROUP`, subscriptions are names or GUIDs, clusters
    and other resources are ids.
    """

    groups: Sequence[str] = ()
    subscriptions: Sequence[str] = ()
    clusters: Sequence[str] = ()
    resources: Sequence[ResourceId] = ()


def find_roots(reader: Reader, sources: AdoptionSources, tenant: str | None) -> tuple[Roots, Names]:
    """Return the roots that the options name, and the display names of the subscriptions.

    Raises:
        DiagnosticError: Where a subscription is not visible, a text is not the id of a cluster, or
            nothing is named (`no-source`).
    """
    (answer,) = reader.read([SUBSCRIPTIONS])
    visible = {
        str(item.get("subscriptionId", "")).lower(): str(item.get("displayName", ""))
        for item in answer.items
    }
    tenants = {
        str(item.get("subscriptionId", "")).lower(): str(item.get("tenantId", ""))
        for item in answer.items
    }
    subscriptions = tuple(_find_subscription(each, visible) for each in sources.subscriptions)
    groups = [_resource_group_root(each, subscriptions, visible) for each in sources.groups]
    named = bool(sources.groups or sources.clusters or sources.resources)
    roots = Roots(
        subscriptions=() if named else subscriptions,
        groups=tuple(dict.fromkeys(groups)),
        resources=tuple(dict.fromkeys(sources.resources)),
        clusters=tuple(map(_cluster_root, sources.clusters)),
    )
    if not named and not subscriptions:
        raise DiagnosticError(
            error(
                "no-source",
                "nothing to adopt is named.",
                None,
                "Name it: --resource-group SUBSCRIPTION/GROUP, --subscription SUBSCRIPTION, "
                "--cluster ID, --template FILE or --terraform FILE.",
            )
        )
    ids = (*roots.groups, *roots.resources, *roots.clusters)
    used = [*roots.subscriptions, *(str(each.subscription).lower() for each in ids)]
    found = next((tenants[guid] for guid in used if tenants.get(guid)), "")
    return roots, Names(visible, (tenant or found).lower())


def _resource_group_root(
    named: str, subscriptions: Sequence[str], visible: Mapping[str, str]
) -> ResourceId:
    """Return the id of the resource group that an option names.

    Raises:
        DiagnosticError: Where the subscription is missing and ambiguous (`no-subscription`), or the
            name is not one of a resource group (`wrong-name`).
    """
    holder, _, group = named.rpartition("/")
    # Up to 90 characters, which do not end with a period ("Naming rules and restrictions for Azure
    # resources").
    if not re.fullmatch(r"[-\w.()]{0,89}[-\w()]", group):
        raise DiagnosticError(
            error(
                "wrong-name",
                f"--resource-group {named}: {group!r} is not a name of a resource group.",
            )
        )
    if holder:
        return resource_group_id(_find_subscription(holder, visible), group)
    if len(subscriptions) == 1:
        return resource_group_id(subscriptions[0], group)
    if not subscriptions and len(visible) == 1:
        return resource_group_id(next(iter(visible)), group)
    raise DiagnosticError(
        error(
            "no-subscription",
            f"--resource-group {named} names no subscription, and there are "
            f"{len(subscriptions or visible)}.",
            None,
            f"Write --resource-group SUBSCRIPTION/{named}.",
        )
    )


def _cluster_root(text: str) -> ResourceId:
    """Return the id of a cluster.

    Raises:
        DiagnosticError: Where the text is not the id of an AKS cluster (`wrong-option`).
    """
    found = parse_resource_id(text)
    if found is None or found.type.lower() != CLUSTER.lower() or found.resource_group is None:
        raise DiagnosticError(
            error(
                "wrong-option",
                f"--cluster is {text!r}.",
                None,
                "Expected the id of a cluster; `az aks list --query [].id` prints them.",
            )
        )
    return found


def _find_subscription(name: str, visible: Mapping[str, str]) -> str:
    """Return the GUID of the subscription with this GUID or display name.

    Raises:
        DiagnosticError: Where none or several have it (`unknown-subscription`).
    """
    if is_guid(name):
        return name.lower()
    found = [guid for guid, shown in visible.items() if shown.lower() == name.lower()]
    if len(found) == 1:
        return found[0]
    why = "the credential sees none" if not found else f"{len(found)} have that name"
    raise DiagnosticError(
        error(
            "unknown-subscription",
            f"there is no subscription {name!r}: {why}.",
            None,
            nearest(name, list(visible.values())) if not found else "Name it by its GUID.",
        )
    )
