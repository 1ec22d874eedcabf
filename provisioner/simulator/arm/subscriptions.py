"""Subscriptions and resource providers: registration, types, name availability."""

from collections.abc import Iterator, Sequence

from provisioner.catalog.deployment import API_VERSIONS
from provisioner.catalog.regions import REGIONS
from provisioner.catalog.registrations import known_providers
from provisioner.catalog.resource_type import ResourceType, Scope
from provisioner.catalog.type_names import is_namespace
from provisioner.model.values import Json
from provisioner.simulator.arm.offered_versions import offered_versions, open_types
from provisioner.simulator.odata.options import check_options, page, read_choices
from provisioner.simulator.protocol.errors import InvalidResourceNamespaceError, RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud

_PROVIDER_KEY = "provider "


def record_subscription(cloud: Cloud, subscription: str, tenant: str | None = None) -> None:
    """Create a subscription at its first use.

    `tenant` is that of its first caller; None is the home tenant.
    """
    if cloud.store.subscriptions.get(subscription.lower()) is None:
        name = f"local {len(cloud.store.subscriptions) + 1}"
        cloud.add_subscription(subscription, name, tenant)


def list_providers(cloud: Cloud, request: Request, subscription: str = "") -> Answer:
    """Answer the resource providers of the catalog, and others once they were used."""
    _check_expand(request)
    namespaces = sorted({*known_providers(cloud.catalog), *_recorded_providers(cloud)})
    return page(
        cloud, request, namespaces, lambda name: _render_provider(cloud, subscription, name)
    )


def get_provider(
    cloud: Cloud, request: Request, subscription: str = "", namespace: str = ""
) -> Answer:
    """Answer one resource provider."""
    _check_expand(request)
    return Answer(
        200, _render_provider(cloud, subscription, _canonical_namespace(cloud, namespace))
    )


def list_provider_types(
    cloud: Cloud, request: Request, subscription: str, namespace: str
) -> Answer:
    """Answer the types of one resource provider (Providers "Provider Resource Types")."""
    del subscription
    _check_expand(request)
    types = _types_of(cloud, _canonical_namespace(cloud, namespace))
    return Answer(200, {"value": list(types)})


def _check_expand(request: Request) -> None:
    """Accept `$expand=metadata`, which adds nothing here; aliases are not known."""
    check_options(request, ("$expand",))
    read_choices(request, "$expand", ("metadata",))


def register_provider(
    cloud: Cloud, _request: Request, subscription: str, namespace: str, verb: str
) -> Answer:
    """Answer POST register or unregister; at first all providers are registered."""
    name = _canonical_namespace(cloud, namespace)
    key = f"{subscription}/{name}".lower()
    if verb.lower() == "register":
        cloud.store.registrations.remove(key)
    else:
        cloud.store.registrations.put(key, "NotRegistered")
    return Answer(200, _render_provider(cloud, subscription, name))


def check_name_availability(
    cloud: Cloud, request: Request, subscription: str, namespace: str
) -> Answer:
    """Answer whether a globally unique name is valid and free.

    Names of soft-deleted resources count as taken: Key Vault keeps them until they are purged.

    Raises:
        RefusalError: the type is not one of the namespace.
    """
    del subscription
    document = request.read_object()
    name, type_name = str(document.get("name", "")), str(document.get("type", ""))
    resource_type = cloud.catalog.find(type_name)
    if resource_type is None or resource_type.namespace.lower() != namespace.lower():
        raise RefusalError(400, "BadRequest", f"'{type_name}' is not a type of '{namespace}'.")
    if not resource_type.accepts_name(name):
        return _answer_unavailable("AccountNameInvalid", resource_type.rule.words)
    if name.lower() in _taken_names(cloud, resource_type):
        return _answer_unavailable("AlreadyExists", f"The name '{name}' is already in use.")
    return Answer(200, {"nameAvailable": True})


def _answer_unavailable(reason: str, message: str) -> Answer:
    return Answer(200, {"nameAvailable": False, "reason": reason, "message": message})


def _taken_names(cloud: Cloud, resource_type: ResourceType) -> Iterator[str]:
    if resource_type.rule.unique_in_azure:
        for row in cloud.store.resources.of_type(resource_type.name):
            yield row.id.name.lower()
        for _, deleted in cloud.store.deleted.items():
            if deleted.record.type == resource_type.name:
                yield deleted.record.id.name.lower()


def _canonical_namespace(cloud: Cloud, namespace: str) -> str:
    for known in known_providers(cloud.catalog):
        if known.lower() == namespace.lower():
            return known
    if is_namespace(namespace):
        return _record_provider(cloud, namespace)
    raise InvalidResourceNamespaceError(namespace)


def _record_provider(cloud: Cloud, namespace: str) -> str:
    """Return the spelling of a provider outside the catalog at its first use, recording it."""
    key = f"{_PROVIDER_KEY}{namespace.lower()}"
    recorded = cloud.store.settings.get(key)
    if recorded is None:
        cloud.store.settings.put(key, namespace)
    return recorded or namespace


def _recorded_providers(cloud: Cloud) -> Iterator[str]:
    for key, name in cloud.store.settings.items():
        if key.startswith(_PROVIDER_KEY):
            yield name


def _render_provider(cloud: Cloud, subscription: str, namespace: str) -> dict[str, Json]:
    state = cloud.store.registrations.get(f"{subscription}/{namespace}".lower())
    shown: dict[str, Json] = {
        "namespace": namespace,
        "registrationState": state or "Registered",
        "registrationPolicy": "RegistrationRequired",
        "resourceTypes": list(_types_of(cloud, namespace)),
    }
    if subscription:
        shown["id"] = f"/subscriptions/{subscription}/providers/{namespace}"
    return shown


def _types_of(cloud: Cloud, namespace: str) -> Iterator[dict[str, Json]]:
    """Yield the JSON of each type of a provider: those of the catalog and those in use."""
    for resource_type in cloud.catalog:
        if resource_type.namespace == namespace:
            versions = offered_versions(cloud, resource_type)
            if versions:
                yield _render_type(resource_type.name, versions, _capabilities_of(resource_type))
    others = {**open_types(cloud, namespace), **_template_types(namespace)}
    for name, versions in others.items():
        yield _render_type(name, versions, ("SupportsTags", "SupportsLocation"))


def _template_types(namespace: str) -> dict[str, tuple[str, ...]]:
    """Return the types of deployments and template specs, if the provider has them."""
    return {
        name: versions
        for name, versions in API_VERSIONS.items()
        if name.partition("/")[0] == namespace
    }


def _render_type(
    name: str, versions: Sequence[str], capabilities: Sequence[str]
) -> dict[str, Json]:
    shown: dict[str, Json] = {
        "resourceType": name.partition("/")[2],
        "locations": list(REGIONS.values()),
        "apiVersions": list(versions),
        "capabilities": ", ".join(capabilities) or "None",
    }
    # The newest that is no preview: what a client that states none takes.
    stable = next((each for each in versions if len(each) == len("2026-01-01")), None)
    return {**shown, "defaultApiVersion": stable} if stable else shown


def _capabilities_of(resource_type: ResourceType) -> tuple[str, ...]:
    stated = (
        ("SupportsTags", resource_type.taggable),
        ("SupportsLocation", resource_type.has_location),
        ("SupportsExtension", resource_type.scope is Scope.EXTENSION),
    )
    return tuple(name for name, has in stated if has)
