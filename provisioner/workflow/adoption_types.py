"""The types of what is adopted that azsec's catalog does not have: in which api version to speak to
them, as the cloud says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from provisioner.blueprint.type_tiers import schemas_of
from provisioner.catalog.endpoints import PROVIDER
from provisioner.catalog.generic_types import raw_type
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import Tier
from provisioner.catalog.spoken_versions import choose_version, read_offer, with_offered_children
from provisioner.catalog.type_names import is_type_name
from provisioner.engine.ports import Reader
from provisioner.model.resource_id import ResourceId, subscription_id
from provisioner.model.values import Body
from provisioner.plan.reads import Read

_NEWEST = "9999-12-31"
_PROVIDER_READ = "provider"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A catalog with the types that were asked for, and those of which nothing says the version,
    each with the reason."""

    catalog: Catalog
    silent: Mapping[str, str]


def speak_to(
    resources: Iterable[ResourceId],
    catalog: Catalog,
    reader: Reader,
    stated: Mapping[str, str],
) -> Spoken:
    """Return the catalog with a type for each of some resources. `stated` are api versions by the
    type in lower case, which go before what the cloud offers: the newest that is no preview."""
    unknown: dict[str, ResourceId] = {}
    for resource in resources:
        if catalog.of(resource) is None and is_type_name(resource.type):
            unknown.setdefault(resource.type.lower(), resource)
    if not unknown:
        return Spoken(catalog, {})
    offer = _ask(unknown.values(), reader)
    types, silent = [], {}
    for name, resource in sorted(unknown.items()):
        version = stated.get(name) or choose_version(_NEWEST, offer.get(name, ()))
        if version is None:
            silent[name] = (
                "the catalog does not have the type, and the cloud lists no api version of it: "
                f"state one with --api-version {resource.type}=VERSION"
            )
        else:
            types.append(raw_type(resource.type, version, tracked=True))
    found = [*types, *(t for t in with_offered_children(types, offer) if t not in types)]
    return Spoken(catalog.extended(found, schemas_of(found)), silent)


def _ask(resources: Iterable[ResourceId], reader: Reader) -> Mapping[str, tuple[str, ...]]:
    """Return what the cloud offers of the providers of some resources, by type in lower case."""
    paths = {
        f"{subscription_id(str(each.subscription))}/providers/{each.type.partition('/')[0]}"
        for each in resources
        if each.subscription is not None
    }
    reads = [Read(path, PROVIDER.api_version, _PROVIDER_READ, False) for path in sorted(paths)]
    offer: dict[str, tuple[str, ...]] = {}
    for answer in reader.read(reads):
        for item in answer.items:
            offer |= read_offer(item)
    return offer


def with_tracked(
    catalog: Catalog, ids: Mapping[str, ResourceId], bodies: Mapping[str, Body]
) -> Catalog:
    """Return the catalog whose raw types are told by bodies whether they take tags: those take some
    that have a location or tags."""
    tracked = {
        ids[key].type.lower()
        for key, body in bodies.items()
        if body.get("location") or body.get("tags")
    }
    raw = [each for each in catalog if each.tier is Tier.RAW]
    changed = [replace(each, taggable=each.name.lower() in tracked) for each in raw]
    return catalog.extended(changed, schemas_of(changed))
