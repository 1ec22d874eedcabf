"""Resource provider and feature registrations that a body needs in its subscription.

A feature is written `Namespace/Name`, a resource provider `Namespace`. A property's
`Field.requires` names what it needs. Source: "Azure resource providers and types", "Set up preview
features in Azure subscription", guidelines.md PRV-04.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType
from provisioner.model.resource_id import ResourceId, parse_resource_id


@dataclass(frozen=True, slots=True)
class Registration:
    """A registration that `subscription` needs: `what`, because of the property at `path`.

    `path` is "" where the type needs it.
    """

    what: str
    subscription: str
    path: str = ""

    @property
    def is_feature(self) -> bool:
        """Whether it is a feature, and not a resource provider."""
        return "/" in self.what


def registrations_for(
    resource_type: ResourceType, resource: ResourceId, body: Mapping[str, object]
) -> Iterator[Registration]:
    """Yield the registrations that a write of `body` needs; none above subscriptions."""
    subscription = resource.subscription
    if subscription is None:
        return
    # Azure refuses a write of a type whose provider is not registered (guidelines.md §3.5,
    # MissingSubscriptionRegistration).
    for namespace in (resource_type.namespace, *resource_type.providers):
        yield Registration(namespace, subscription)
    if resource_type.has_requirements:
        yield from _stated_requirements(resource_type, subscription, body, "")


def _stated_requirements(
    resource_type: ResourceType, subscription: str, value: object, path: str
) -> Iterator[Registration]:
    fact = resource_type.fact(path)
    if fact.requires_there:
        named = parse_resource_id(value)
        if named is not None and named.subscription is not None:
            yield Registration(fact.requires_there, named.subscription, path)
    for wanted, what in fact.requires:
        if value == wanted:
            yield Registration(what, subscription, path)
    if isinstance(value, str):  # most values: the test of an abstract class takes ten times as long
        return
    if isinstance(value, (dict, Mapping)):
        for name, item in value.items():
            below = f"{path}.{name}" if path else name
            yield from _stated_requirements(resource_type, subscription, item, below)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _stated_requirements(resource_type, subscription, item, f"{path}[]")


def known_features(catalog: Catalog) -> frozenset[str]:
    """Return every feature that a property of the catalog may need."""
    return frozenset(what for what in _all_namespaces(catalog) if "/" in what)


def known_providers(catalog: Catalog) -> frozenset[str]:
    """Return every resource provider that types or properties of the catalog need."""
    return frozenset(what.partition("/")[0] for what in _all_namespaces(catalog))


def _all_namespaces(catalog: Catalog) -> Iterator[str]:
    for resource_type in catalog:
        yield resource_type.namespace
        yield from resource_type.providers
        for fact in resource_type.fields.values():
            yield from (what for _value, what in fact.requires)
            if fact.requires_there:
                yield fact.requires_there
