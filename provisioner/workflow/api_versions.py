"""Api versions that the connected cloud offers: requested once per run, then used for the types.

Clouds differ: a version of the catalog may not be offered in every one. Called by `cli` before a
plan and by `workflow.roles`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import Protocol, TypeAlias

from provisioner.access.needs import Need
from provisioner.blueprint.environment_catalog import schemas_of
from provisioner.blueprint.file_schemas import span_of
from provisioner.catalog.api_version_selection import (
    SelectedVersion,
    find_unoffered,
    namespaces_of,
    read_offer,
    select_versions,
    with_offered_children,
)
from provisioner.catalog.endpoints import PROVIDER
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType, Tier
from provisioner.catalog.sdk_models import find_version
from provisioner.engine.ports import AzureQuerier
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, warning
from provisioner.model.resource_id import subscription_id
from provisioner.model.span import Span
from provisioner.preflight.azure_queries import ask_subscription
from provisioner.workflow.plan import Desired

Steps: TypeAlias = tuple[str | int, ...]

_MOST_TYPES_SHOWN = 4
_MOST_VERSIONS_SHOWN = 10


class Memory(Protocol):
    """A cache of the api versions that a cloud offers."""

    def find(self, subscription: str, namespace: str) -> Mapping[str, tuple[str, ...]] | None:
        """Return the offered versions of a provider by type name, None where they are unknown."""

    def keep(
        self, subscription: str, found: Iterable[tuple[str, Mapping[str, tuple[str, ...]]]]
    ) -> None:
        """Store the offered versions of providers: (namespace, versions)."""


def ask_offer(
    desired: Desired, catalog: Catalog, inquirer: AzureQuerier, memory: Memory
) -> dict[str, tuple[str, ...]]:
    """Return the api versions that the cloud offers, by the name of the type in lower case.

    The providers are those that the environment uses, in the first of its subscriptions. It takes
    one request for each provider that is not cached, and for those of raw types: the provider's
    list states the child types, which a delete needs. A refused provider is left out: its types
    keep azsec's own version. Raises AzureError where nothing can be read at all.
    """
    subscriptions = sorted({guid.lower() for guid in desired.environment.subscriptions.values()})
    if not subscriptions:
        return {}
    subscription = subscriptions[0]
    namespaces = namespaces_of((*_used_types(desired), *_unused_stated_types(desired)), catalog)
    # The cache has the versions of types and no child types: raw types know their children only
    # from the answer.
    uncached = {each.namespace.lower() for each in catalog if each.tier is Tier.RAW}
    known = {
        each: None if each.lower() in uncached else memory.find(subscription, each)
        for each in namespaces
    }
    asked = [each for each, offer in known.items() if offer is None]
    inquiries = [ask_subscription(PROVIDER, subscription, namespace=each) for each in asked]
    found = [
        (namespace, read_offer(reply.items[0]))
        for namespace, reply in zip(asked, inquirer.ask(inquiries), strict=True)
        if reply.refused is None and reply.items
    ]
    memory.keep(subscription, found)
    offers = [*(offer for offer in known.values() if offer is not None), *(o for _, o in found)]
    return {name: versions for offer in offers for name, versions in offer.items()}


def adapt(
    desired: Desired,
    catalog: Catalog,
    offer: Mapping[str, tuple[str, ...]],
    compose_with: Callable[[tuple[ResourceType, ...]], Desired],
) -> Desired:
    """Return an environment with its types in offered api versions, and diagnostics of the changes.

    `compose_with` composes the environment again with other types; its errors are raised with the
    diagnostics of the versions that were chosen.

    Raises:
        DiagnosticError: Where a stated api version is not offered, and where the blueprint declares
            a property that the chosen version does not have: Azure would accept it silently and
            never return it, and the next plan would miss it.
    """
    unoffered = find_unoffered((*_used_types(desired), *_unused_stated_types(desired)), offer)
    if unoffered:
        raise DiagnosticError(*(_stated_version_not_offered(desired, *each) for each in unoffered))
    children = with_offered_children(tuple(catalog), offer)
    if children:
        catalog = catalog.extended(children, schemas_of(children))
        desired = replace(desired, catalog=catalog)
    types, differing = select_versions(catalog, offer, find_version)
    if not differing:
        if unsupported := tuple(_find_unsupported_properties(desired)):
            raise DiagnosticError(*unsupported)
        return desired
    choices = tell_versions(differing, _used_types(desired))
    try:
        adapted = compose_with(types)
    except DiagnosticError as problem:
        raise DiagnosticError(*problem.diagnostics, *choices) from None
    unsupported = tuple(_find_unsupported_properties(adapted))
    if unsupported:
        raise DiagnosticError(*unsupported, *choices)
    return replace(adapted, diagnostics=(*adapted.diagnostics, *choices))


def _unused_stated_types(desired: Desired) -> Iterator[ResourceType]:
    """Yield the types whose version the environment's file states and that no resource has.

    Resources that left the blueprint are read and deleted in that version.
    """
    used = {each.type.name for each in desired.graph}
    yield from (t for t in desired.catalog if t.stated_version and t.name not in used)


def _stated_version_not_offered(
    desired: Desired, resource_type: ResourceType, offered: tuple[str, ...]
) -> Diagnostic:
    """Return the diagnostic of a stated version that the cloud lacks: where it is stated."""
    more = (
        f" and {len(offered) - _MOST_VERSIONS_SHOWN} more"
        if len(offered) > _MOST_VERSIONS_SHOWN
        else ""
    )
    address, span = _place_of_version(desired, resource_type)
    return error(
        "api-version-not-offered",
        f"{address}: this cloud does not offer api version {resource_type.api_version} of "
        f"{resource_type.name}.",
        span,
        f"Expected one of: {', '.join(offered[:_MOST_VERSIONS_SHOWN])}{more}.",
    )


def _place_of_version(desired: Desired, resource_type: ResourceType) -> tuple[str, Span | None]:
    """Return what states the version of a type, and where.

    It is the first resource that does, else the environment's file.
    """
    for resource in desired.graph:
        if resource.type.name == resource_type.name and resource.node.get("apiVersion") is not None:
            return resource.address, span_of(resource.node, "apiVersion")
    lowered = resource_type.name.lower()
    name = next((n for n in desired.environment.types if n.lower() == lowered), resource_type.name)
    return "types", span_of(desired.environment.node, "types", name)


def _find_unsupported_properties(desired: Desired) -> Iterator[Diagnostic]:
    """Yield an error for each declared property that came after the api version of its type."""
    for resource in desired.graph:
        version, is_stated = resource.type.api_version, resource.type.stated_version
        late = {
            path.lower(): since
            for path, since in resource.type.introduced.items()
            if not since.is_in(version)
        }
        reported: list[Steps] = []
        for steps, generic in (
            _walk_properties(resource.body, (), "") if late and resource.managed else ()
        ):
            since = late.get(generic.lower())
            within = any(steps[: len(outer)] == outer for outer in reported)
            # A property below a reported one is a part of the same mistake.
            if since is not None and not within:
                reported.append(steps)
                yield error(
                    "property-not-offered",
                    f"{resource.address}: {generic} exists from api version {since.stable} on, and "
                    + (f"{version} is stated." if is_stated else f"this cloud offers {version}."),
                    span_of(resource.node, *steps),
                    "State a newer version." if is_stated else "Leave it out for this cloud.",
                )


def _walk_properties(value: object, steps: Steps, generic: str) -> Iterator[tuple[Steps, str]]:
    """Yield each property of a body, by its steps and by its path with `[]` for entries."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            here = (*steps, key), f"{generic}.{key}" if generic else key
            yield here
            yield from _walk_properties(item, *here)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _walk_properties(item, (*steps, index), f"{generic}[]")


def _used_types(desired: Desired) -> Iterator[ResourceType]:
    seen: dict[str, ResourceType] = {each.type.name: each.type for each in desired.graph}
    yield from seen.values()


def version_needs(subscriptions: Iterable[str]) -> frozenset[Need]:
    """Return the permissions to read which api versions are offered."""
    return frozenset(Need(PROVIDER.action, subscription_id(guid)) for guid in subscriptions)


def tell_versions(
    differing: Iterable[SelectedVersion], used: Iterable[ResourceType]
) -> tuple[Diagnostic, ...]:
    """Return diagnostics of the declared types whose api version is not the pinned one."""
    names = {each.name for each in used}

    def alike(each: SelectedVersion) -> tuple[str, str, str, bool]:
        return each.type.partition("/")[0], each.pinned, each.spoken or "", each.is_checked

    shown = sorted((each for each in differing if each.type in names), key=alike)
    return tuple(_describe_version_choice(list(group)) for _, group in groupby(shown, key=alike))


def _describe_version_choice(group: list[SelectedVersion]) -> Diagnostic:
    first = group[0]
    more = f" and {len(group) - _MOST_TYPES_SHOWN} more" if len(group) > _MOST_TYPES_SHOWN else ""
    named = ", ".join(each.type for each in group[:_MOST_TYPES_SHOWN]) + more
    if first.spoken is None:
        return error(
            "api-version-not-offered",
            f"this cloud offers no api version of {named} up to {first.pinned}.",
            None,
            "azsec cannot manage it: leave the type out, or use an older azsec.",
        )
    checked = (
        "The bodies are checked against the models of that version."
        if first.is_checked
        else "Which properties that version does not have is not verified: the installed SDK has "
        "no models of it, and Azure may refuse or ignore them."
    )
    return warning(
        "older-api-version",
        f"{named}: api version {first.spoken} is used, because this cloud does not offer "
        f"{first.pinned}.",
        None,
        checked,
    )
