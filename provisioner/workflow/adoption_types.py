"""Api versions of adopted types that azsec's catalog does not have, as Azure offers them.

Called by `workflow.adoption_reader`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from provisioner.blueprint.declared_types import StatedType
from provisioner.blueprint.environment_catalog import schemas_of, with_stated_types
from provisioner.catalog.api_version_selection import (
    newest_version,
    read_offer,
    with_offered_children,
)
from provisioner.catalog.endpoints import PROVIDER
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import Tier
from provisioner.catalog.type_names import is_type_name
from provisioner.engine.ports import AzureQuerier
from provisioner.model.resource_id import ResourceId
from provisioner.model.span import Span
from provisioner.model.values import Body
from provisioner.preflight.azure_queries import ask_subscription

_NOWHERE = Span("", 0, 0)


@dataclass(frozen=True, slots=True)
class SelectedVersions:
    """A catalog with the adopted types, and those without a usable api version.

    Those have a reason each. `unlisted` are the raw types whose child types are not known, each
    with the reason.
    """

    catalog: Catalog
    silent: Mapping[str, str]
    unlisted: Mapping[str, str]


def select_versions_for(
    resources: Iterable[ResourceId],
    catalog: Catalog,
    inquirer: AzureQuerier,
    stated: Mapping[str, str],
) -> SelectedVersions:
    """Return the catalog with a type for each resource, in the tier that `azsec plan` finds.

    `stated` are api versions by the type in lower case. They take precedence over the version of an
    installed package, which is used if Azure offers it, and over the newest version that Azure
    offers and that is no preview.
    """
    unknown: dict[str, ResourceId] = {}
    for resource in resources:
        if catalog.of(resource) is None and is_type_name(resource.type):
            unknown.setdefault(resource.type.lower(), resource)
    if not unknown:
        return SelectedVersions(catalog, {}, {})
    offer, refused = _query_offer(unknown.values(), inquirer)
    types: list[StatedType] = []
    silent: dict[str, str] = {}
    for name, resource in sorted(unknown.items()):
        version = stated.get(name) or _select_version(name, catalog, offer.get(name, ()))
        if version is None:
            silent[name] = (
                "the catalog does not have the type, and the cloud lists no api version of it: "
                f"state one with --api-version {resource.type}=VERSION"
            )
        else:
            types.append(StatedType(resource.type, _NOWHERE, version, has_tags=True))
    extended = with_stated_types(types, catalog)
    raw = [t for t in extended if t.tier is Tier.RAW and catalog.find(t.name) is None]
    # A stated api version of a child type also states that the child type exists.
    known = {**offer, **{name: (version,) for name, version in stated.items()}}
    children = [t for t in with_offered_children(raw, known) if extended.find(t.name) is None]
    unlisted = {
        t.name: refused.get(t.namespace.lower(), "the provider does not list the type")
        for t in raw
        if t.name.lower() in unknown and t.name.lower() not in offer
    }
    return SelectedVersions(extended.extended(children, schemas_of(children)), silent, unlisted)


def _select_version(name: str, catalog: Catalog, offered: Sequence[str]) -> str | None:
    """Return the api version of an installed package, else the newest that Azure offers.

    The package has the models of the type. Its version is used where Azure offers it, or lists no
    version of the type.
    """
    found = catalog.directory.find(name)
    if found is not None and found.written.model is not None:
        version = found.written.api_version
        if not offered or version.lower() in (each.lower() for each in offered):
            return version
    return newest_version(offered)


def _query_offer(
    resources: Iterable[ResourceId], inquirer: AzureQuerier
) -> tuple[Mapping[str, tuple[str, ...]], Mapping[str, str]]:
    """Return the api versions that Azure offers for the types of some resources.

    They are keyed by type in lower case. The second mapping has the reasons of resource providers
    that could not be read, by namespace in lower case.
    """
    providers = {
        (str(each.subscription).lower(), each.type.partition("/")[0])
        for each in resources
        if each.subscription is not None
    }
    ordered = sorted(providers)
    inquiries = [ask_subscription(PROVIDER, guid, namespace=name) for guid, name in ordered]
    offer: dict[str, tuple[str, ...]] = {}
    refused: dict[str, str] = {}
    for (_, namespace), reply in zip(ordered, inquirer.ask(inquiries), strict=True):
        if reply.refused is not None:
            refused[namespace.lower()] = str(reply.refused)
        for item in reply.items:
            offer |= read_offer(item)
    return offer, refused


def with_tracked(
    catalog: Catalog, ids: Mapping[str, ResourceId], bodies: Mapping[str, Body]
) -> Catalog:
    """Return the catalog whose raw types take tags where an answer shows that they do.

    A type takes tags if one of its bodies has a location or tags.
    """
    tracked = {
        ids[key].type.lower()
        for key, body in bodies.items()
        if body.get("location") or body.get("tags")
    }
    raw = [each for each in catalog if each.tier is Tier.RAW]
    changed = [replace(each, taggable=each.name.lower() in tracked) for each in raw]
    return catalog.extended(changed, schemas_of(changed))
