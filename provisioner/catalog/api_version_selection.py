"""The api version to use of a type where a cloud does not offer the pinned one.

Sovereign clouds get new versions months later (terraform-provider-azurerm issue 32402). A cloud
lists its versions with a provider (`GET /subscriptions/S/providers/NAMESPACE`), as
`resourceTypes[].apiVersions` ("Providers - Get" of the REST reference).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from provisioner.catalog.generic_types import raw_type
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType, Scope, SdkModel, Tier
from provisioner.catalog.type_names import is_preview
from provisioner.model.values import Body, lookup

Offer = Mapping[str, Sequence[str]]
"""The api versions that a cloud offers, by the name of the type in lower case."""


@dataclass(frozen=True, slots=True)
class SelectedVersion:
    """A type of which the cloud does not offer the pinned version.

    `spoken` is the version that is spoken in its place, None where the cloud offers none that is
    not newer. `is_checked` tells whether the installed SDK has the models of that version, so that
    bodies are checked against them.
    """

    type: str
    pinned: str
    spoken: str | None
    is_checked: bool


def read_offer(provider: Body) -> dict[str, tuple[str, ...]]:
    """Return what a provider's description offers; nothing for one of another shape."""
    namespace, kinds = lookup(provider, ("namespace",)), lookup(provider, ("resourceTypes",))
    found: dict[str, tuple[str, ...]] = {}
    for kind in kinds if isinstance(kinds, (list, tuple)) else ():
        name, versions = lookup(kind, ("resourceType",)), lookup(kind, ("apiVersions",))
        if isinstance(name, str) and isinstance(versions, (list, tuple)):
            texts = tuple(version for version in versions if isinstance(version, str))
            found[f"{namespace}/{name}".lower()] = texts
    return found


def choose_version(pinned: str, offered: Sequence[str]) -> str | None:
    """Return the pinned version where it is offered, else the newest offered one below it.

    A preview only where nothing else is offered or the pinned one is a preview; None where nothing
    fits.
    """
    if any(version.lower() == pinned.lower() for version in offered):
        return pinned
    not_above = [version for version in offered if version[:10] <= pinned[:10]]
    return max(not_above, default=None) if is_preview(pinned) else newest_version(not_above)


def newest_version(offered: Iterable[str]) -> str | None:
    """Return the newest offered version, a preview only where nothing else is; None of none."""
    found = list(offered)
    stable = [version for version in found if not is_preview(version)]
    return max(stable or found, default=None)


def select_versions(
    catalog: Catalog,
    offer: Offer,
    find_model: Callable[[SdkModel, str], SdkModel | None],
) -> tuple[tuple[ResourceType, ...], tuple[SelectedVersion, ...]]:
    """Return the types of a catalog in the versions that a cloud offers, and those that differ.

    A type that the cloud does not list uses the version of its parent: some providers list no
    children. Where neither is listed it keeps its version. `find_model` returns the model of
    another version of a type's SDK package, None where the installed SDK has none.
    """
    types: list[ResourceType] = []
    differing: list[SelectedVersion] = []
    for resource_type in catalog:
        if resource_type.stated_version:
            types.append(resource_type)
            continue
        offered = _offered_versions(resource_type.name.lower(), offer)
        pinned = resource_type.api_version
        spoken = choose_version(pinned, offered) if offered else pinned
        if spoken == pinned:
            types.append(resource_type)
            continue
        model = resource_type.sdk
        found = find_model(model, spoken) if model is not None and spoken is not None else None
        differing.append(SelectedVersion(resource_type.name, pinned, spoken, found is not None))
        types.append(replace(resource_type, api_version=spoken or pinned, sdk=found or model))
    return tuple(types), tuple(differing)


def find_unoffered(
    types: Iterable[ResourceType], offer: Offer
) -> tuple[tuple[ResourceType, tuple[str, ...]], ...]:
    """Return the types whose stated version the cloud does not offer, each with its versions.

    The versions are in descending order. A type of which the cloud lists no versions is left out.
    """
    found = []
    for resource_type in types:
        offered = offer.get(resource_type.name.lower(), ())
        lacks = all(each.lower() != resource_type.api_version.lower() for each in offered)
        if resource_type.stated_version and offered and lacks:
            found.append((resource_type, tuple(sorted(offered, reverse=True))))
    return tuple(found)


def with_offered_children(types: Sequence[ResourceType], offer: Offer) -> list[ResourceType]:
    """Return the raw ones among types that a cloud lists, with the types of their children.

    A provider lists its types with those of their children ("Providers - Get"), so that lists of
    these show what is in a resource. A child uses the newest offered version that is no preview, or
    that of its parent where the provider lists none.
    """
    known = {each.name.lower() for each in types}
    found: list[ResourceType] = []
    pending = [each for each in types if each.tier is Tier.RAW and each.name.lower() in offer]
    while pending:
        parent = pending.pop()
        found.append(replace(parent, contents_known=True))
        prefix = f"{parent.name.lower()}/"
        for name, offered in offer.items():
            if name.startswith(prefix) and "/" not in name[len(prefix) :] and name not in known:
                known.add(name)
                version = newest_version(offered) or parent.api_version
                kind = name[len(prefix) :]
                pending.append(raw_type(f"{parent.name}/{kind}", version))
    return found


def _offered_versions(name: str, offer: Offer) -> Sequence[str]:
    while name.count("/") >= 1:
        if name in offer:
            return offer[name]
        name = name.rpartition("/")[0]
    return ()


def namespaces_of(types: Iterable[ResourceType], catalog: Catalog) -> tuple[str, ...]:
    """Return the namespaces of types, and of types that are read beside them, in order.

    Those are the types that affect them, and those that can be set on any resource.
    """
    named = list(types)
    beside = [other for each in named for other in catalog.affecting(each.name)]
    beside += [other for other in catalog if other.scope is Scope.EXTENSION]
    return tuple(sorted({each.namespace for each in (*named, *beside)}))
