"""The API versions that the built-in Azure offers: all published ones, or only older ones.

`azsec local api-versions --until` limits them, to rehearse a cloud that lags behind. Other versions
are then refused as Azure does: NoRegisteredProviderFound ("Resolve errors for resource provider
registration"). Without a limit every well-formed version is answered. For a type outside the
catalog, `--type` states its versions, or that it does not exist.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from provisioner.catalog.published_api_versions import published_versions
from provisioner.catalog.resource_type import ResourceType, Tier
from provisioner.simulator.protocol.errors import InvalidResourceTypeError, RefusalError
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.store import Store

_UNTIL_KEY = "api versions until"
_TYPE_KEY = "api versions of "


def offered_versions(cloud: Cloud, resource_type: ResourceType) -> tuple[str, ...]:
    """Return the offered API versions of a type, newest first; none if the type came later."""
    until = cloud.store.settings.get(_UNTIL_KEY)
    published = published_versions(resource_type)
    return tuple(each for each in published if until is None or each[:10] <= until)


def open_types(cloud: Cloud, namespace: str) -> dict[str, tuple[str, ...]]:
    """Return the types of a provider outside the catalog that are in use, with API versions.

    No versions are given where any version is answered.
    """
    prefix = f"{namespace}/".lower()
    found: dict[str, tuple[str, tuple[str, ...]]] = {
        row.type.lower(): (row.type, ())
        for _, row in cloud.store.resources.items()
        if not cloud.is_known(row.id)
    }
    found |= {
        name.lower(): (name, stated)
        for name, stated in _stated_types(cloud.store).items()
        if stated
    }
    return {
        name: versions for key, (name, versions) in sorted(found.items()) if key.startswith(prefix)
    }


def _stated_types(store: Store) -> dict[str, tuple[str, ...]]:
    """Return the types whose versions were stated by `--type`, each with its API versions."""
    stated = (text.split() for key, text in store.settings.items() if key.startswith(_TYPE_KEY))
    return {name: tuple(versions) for name, *versions in stated}


def check_offered(cloud: Cloud, resource_type: ResourceType, api_version: str) -> None:
    """Check that the API version of a request is offered, where that is limited.

    Raises:
        InvalidResourceTypeError: the type was stated not to exist.
        RefusalError: the version is not offered.
    """
    if resource_type.tier is Tier.RAW:
        stated = cloud.store.settings.get(_TYPE_KEY + resource_type.name.lower())
        if stated is None:
            return
        offered = tuple(sorted(stated.split()[1:], reverse=True))
        if not offered:
            raise InvalidResourceTypeError(resource_type.name)
    elif cloud.store.settings.get(_UNTIL_KEY) is None:
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
    """Return the day after which no API version is offered, or None.

    A state file that cannot be read is a DiagnosticError.
    """
    store = Store(path)
    try:
        return store.settings.get(_UNTIL_KEY)
    finally:
        store.close()


def read_types(path: Path) -> Mapping[str, Sequence[str]]:
    """Return the types outside the catalog with stated API versions.

    A type without any was stated not to exist. A state file that cannot be read is a
    DiagnosticError.
    """
    store = Store(path)
    try:
        return _stated_types(store)
    finally:
        store.close()


def set_limit(
    path: Path, until: str | None, types: Mapping[str, Sequence[str]] | None = None
) -> None:
    """Limit the offered API versions to a day (`2025-12-31`) and before; None removes the limit.

    `types` are types outside the catalog with their versions; None removes all of these limits. A
    state file that cannot be read is a DiagnosticError.
    """
    store = Store(path)
    try:
        if until is None:
            store.settings.remove(_UNTIL_KEY)
        else:
            store.settings.put(_UNTIL_KEY, until)
        if types is None:
            for key in [key for key, _ in store.settings.items() if key.startswith(_TYPE_KEY)]:
                store.settings.remove(key)
        for name, versions in (types or {}).items():
            store.settings.put(_TYPE_KEY + name.lower(), " ".join((name, *versions)))
        store.commit()
    finally:
        store.close()
