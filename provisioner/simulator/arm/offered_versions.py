"""Which api versions the built-in Azure offers: all that were published, or older ones only.

It is told so to rehearse a cloud that lags behind (`azsec local api-versions --until`). Then it
refuses other versions as Azure does: NoRegisteredProviderFound ("Resolve errors for resource
provider registration"). Else it answers every well-formed version. Of a type outside the catalog
it can be told which versions there are (`--type`), or that there is no such type.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from provisioner.catalog.published_api_versions import published_versions
from provisioner.catalog.resource_type import ResourceType, Tier
from provisioner.simulator.protocol.errors import InvalidResourceTypeError, RefusalError
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.store import Store

_UNTIL = "api versions until"
_TYPE = "api versions of "


def offered_versions(cloud: Cloud, resource_type: ResourceType) -> tuple[str, ...]:
    """Return the api versions that are offered of a type, the newest first; none of a type that
    came later."""
    until = cloud.store.settings.get(_UNTIL)
    published = published_versions(resource_type)
    return tuple(each for each in published if until is None or each[:10] <= until)


def open_types(cloud: Cloud, namespace: str) -> dict[str, tuple[str, ...]]:
    """Return the types of a provider that are not in the catalog and of which there are resources,
    each with the api versions that are offered of it: none where any is."""
    prefix = f"{namespace}/".lower()
    found: dict[str, tuple[str, tuple[str, ...]]] = {
        row.type.lower(): (row.type, ())
        for _, row in cloud.store.resources.items()
        if not cloud.is_known(row.id)
    }
    found |= {name.lower(): (name, told) for name, told in _told_types(cloud.store).items() if told}
    return {
        name: versions for key, (name, versions) in sorted(found.items()) if key.startswith(prefix)
    }


def _told_types(store: Store) -> dict[str, tuple[str, ...]]:
    """Return the types of which it was told what is offered, each with its api versions."""
    told = (text.split() for key, text in store.settings.items() if key.startswith(_TYPE))
    return {name: tuple(versions) for name, *versions in told}


def check_offered(cloud: Cloud, resource_type: ResourceType, api_version: str) -> None:
    """Refuse a request with an api version that is not offered, where it was told which are."""
    if resource_type.tier is Tier.RAW:
        told = cloud.store.settings.get(_TYPE + resource_type.name.lower())
        if told is None:
            return
        offered = tuple(sorted(told.split()[1:], reverse=True))
        if not offered:
            raise InvalidResourceTypeError(resource_type.name)
    elif cloud.store.settings.get(_UNTIL) is None:
        return
    else:
        offered = offered_versions(cloud, resource_type)
    if api_version.lower() in offered:
        return
    raise RefusalError(
        400,
        "NoRegisteredProviderFound",
        f"No registered resource provider found for location 'global' and API version "
        f"'{api_version}' for type '{resource_type.name.partition('/')[2]}'. The supported "
        f"api-versions are '{', '.join(reversed(offered))}'.",
    )


def read_limit(path: Path) -> str | None:
    """Return the day after which no api version is offered, None for none. Raises DiagnosticError
    as Store does."""
    store = Store(path)
    try:
        return store.settings.get(_UNTIL)
    finally:
        store.close()


def read_types(path: Path) -> Mapping[str, Sequence[str]]:
    """Return the types outside the catalog of which it was told what is offered, each with its api
    versions: none of one that there is not. Raises DiagnosticError as Store does."""
    store = Store(path)
    try:
        return _told_types(store)
    finally:
        store.close()


def set_limit(
    path: Path, until: str | None, types: Mapping[str, Sequence[str]] | None = None
) -> None:
    """Offer only api versions of a day (`2025-12-31`) and before; None: all. `types` are types
    outside the catalog, each with the versions that are offered of it; None: any of any. Raises
    DiagnosticError as Store does."""
    store = Store(path)
    try:
        if until is None:
            store.settings.remove(_UNTIL)
        else:
            store.settings.put(_UNTIL, until)
        if types is None:
            for key in [key for key, _ in store.settings.items() if key.startswith(_TYPE)]:
                store.settings.remove(key)
        for name, versions in (types or {}).items():
            store.settings.put(_TYPE + name.lower(), " ".join((name, *versions)))
        store.commit()
    finally:
        store.close()
