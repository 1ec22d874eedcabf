"""Which api versions the built-in Azure offers: all that were published, or older ones only.

It is told so to rehearse a cloud that lags behind (`azsec local api-versions --until`). Then it
refuses other versions as Azure does: NoRegisteredProviderFound ("Resolve errors for resource
provider registration"). Else it answers every well-formed version.
"""

from pathlib import Path

from provisioner.catalog.published_versions import published_versions
from provisioner.catalog.resource_type import ResourceType
from provisioner.simulator.cloud import Cloud
from provisioner.simulator.errors import RefusalError
from provisioner.simulator.state import Store

_UNTIL = "api versions until"


def offered_versions(cloud: Cloud, resource_type: ResourceType) -> tuple[str, ...]:
    """Return the api versions that are offered of a type, the newest first; none of a type that
    came later."""
    until = cloud.store.settings.get(_UNTIL)
    published = published_versions(resource_type)
    return tuple(each for each in published if until is None or each[:10] <= until)


def check_offered(cloud: Cloud, resource_type: ResourceType, api_version: str) -> None:
    """Refuse a request with an api version that is not offered, where only older ones are."""
    if cloud.store.settings.get(_UNTIL) is None:
        return
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


def set_limit(path: Path, until: str | None) -> None:
    """Offer only api versions of a day (`2025-12-31`) and before; None: all. Raises DiagnosticError
    as Store does."""
    store = Store(path)
    try:
        if until is None:
            store.settings.remove(_UNTIL)
        else:
            store.settings.put(_UNTIL, until)
        store.commit()
    finally:
        store.close()
