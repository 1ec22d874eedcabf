"""Which subscriptions and groups an adoption starts from, by the names that people use."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provisioner.adoption.discovery import Roots
from provisioner.adoption.naming import Namespace, camel
from provisioner.engine.ports import Reader
from provisioner.model.diagnostic import DiagnosticError, error, nearest
from provisioner.model.resource_id import resource_group_id
from provisioner.plan.reads import SUBSCRIPTIONS

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Names:
    """What the subscriptions are called, by GUID in lower case, and their tenant."""

    subscriptions: Mapping[str, str]
    tenant: str

    def aliases(self, roots: Roots) -> Mapping[str, str]:
        """Return an alias for each subscription of the roots, with its GUID; they are in the order
        of their names."""
        guids = {each.lower() for each in roots.subscriptions}
        guids |= {
            str(each.subscription).lower()
            for each in (*roots.groups, *roots.resources, *roots.clusters)
        }
        named = sorted(guids, key=lambda guid: (self.subscriptions.get(guid, ""), guid))
        names = Namespace()
        return {
            names.take(_alias(self.subscriptions.get(guid, "")), "subscription"): guid
            for guid in named
        }


def _alias(name: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", name)
    alias = camel([word.lower() for word in words])
    return alias if 0 < len(alias) <= 40 else ""


def find_roots(
    reader: Reader,
    groups: Sequence[str],
    subscriptions: Sequence[str],
    *,
    tenant: str | None,
) -> tuple[Roots, Names]:
    """Return the roots that options name, and the names of the subscriptions.

    `groups` are `SUBSCRIPTION/GROUP` or `GROUP`, `subscriptions` names or GUIDs. Raises
    DiagnosticError for a subscription that is not visible, and where nothing is named.
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
    whole = tuple(_find(each, visible) for each in subscriptions)
    named = []
    for each in groups:
        holder, _, group = each.rpartition("/")
        if holder:
            guid = _find(holder, visible)
        elif len(whole) == 1:
            guid = whole[0]
        elif not whole and len(visible) == 1:
            guid = next(iter(visible))
        else:
            raise DiagnosticError(
                error(
                    "no-subscription",
                    f"--group {each} names no subscription, and there are several.",
                    None,
                    f"Write --group SUBSCRIPTION/{each}.",
                )
            )
        if not re.fullmatch(r"[-\w.()]{0,89}[-\w()]", group):
            raise DiagnosticError(
                error("wrong-name", f"--group {each}: {group!r} is no name of a resource group.")
            )
        named.append(resource_group_id(guid, group))
    roots = Roots(subscriptions=() if groups else whole, groups=tuple(dict.fromkeys(named)))
    if not roots.subscriptions and not roots.groups:
        raise DiagnosticError(
            error(
                "no-source",
                "nothing to adopt is named.",
                None,
                "Name it: --group SUBSCRIPTION/GROUP or --subscription SUBSCRIPTION.",
            )
        )
    used = [*roots.subscriptions, *(str(each.subscription) for each in roots.groups)]
    found = next((tenants[guid] for guid in used if tenants.get(guid)), "")
    return roots, Names(visible, (tenant or found).lower())


def _find(name: str, visible: Mapping[str, str]) -> str:
    """Return the GUID of a subscription that is named by it or by its display name."""
    if _GUID.fullmatch(name):
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
