"""Converts minimal bodies to entries of a file, with references for ids and for shared values.

Every id of a known resource becomes a reference to it, and so does every value that only another
resource can have. `pipeline` calls it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from provisioner.adoption.expression_templates import (
    Call,
    Part,
    Ref,
    Template,
    Tree,
    Var,
    leaves,
    map_tree,
)
from provisioner.adoption.minimal_body import MinimalBody
from provisioner.catalog.built_in_policy_names import name_of_built_in_policy
from provisioner.catalog.built_in_roles import ROLE_DEFINITION_TYPE, get_built_in_role
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType, Scope, Tier
from provisioner.model.guid import is_guid
from provisioner.model.resource_id import (
    RESOURCE_GROUP,
    SUBSCRIPTION,
    ResourceId,
    parse_resource_id,
)
from provisioner.model.values import Body, Value

_ADDRESS = re.compile(r"(\d{1,3}\.){3}\d{1,3}")
_HOST = re.compile(r"(https://)?([a-z0-9-]+\.){2,}[a-z]{2,}(:\d+)?(/\S*)?", re.IGNORECASE)
_STEP = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource as a file will state it.

    `group` is the key of its resource group, None for a child or an extension resource; `body` has
    neither name nor location of the resource; `api_version` is stated for a type outside the
    catalog.
    """

    id: ResourceId
    type: str
    name: Template
    group: str | None
    parent: Template | None
    scope: Template | None
    location: Template | None
    body: Mapping[Template, Tree]
    secrets: tuple[str, ...] = ()
    api_version: str | None = None

    @property
    def key(self) -> str:
        """The key of the resource's id."""
        return self.id.key

    def refs(self) -> Iterator[Ref]:
        """Yield every reference to another resource."""
        for place in (self.name, self.parent, self.scope, self.location):
            if place is not None:
                yield from place.refs()
        for leaf in leaves(self.body):
            yield from leaf.refs()

    def map(self, change: Callable[[Template], Template]) -> "Entry":
        """Return the entry with each text changed."""

        def change_place(place: Template | None) -> Template | None:
            return None if place is None else change(place)

        body = map_tree(self.body, change)
        assert isinstance(body, Mapping)
        return replace(
            self,
            name=change(self.name),
            parent=change_place(self.parent),
            scope=change_place(self.scope),
            location=change_place(self.location),
            body=body,
        )


@dataclass(frozen=True, slots=True)
class Known:
    """The targets that references can have.

    They are the adopted resources and the resource groups that the blueprint states, by key; the
    aliases of subscriptions by GUID in lower case; the tenant.
    """

    resources: Mapping[str, ResourceId]
    groups: Mapping[str, ResourceId]
    subscriptions: Mapping[str, str]
    tenant: str


class EntryWriter:
    """Makes entries of minimal bodies. `bodies` are the live ones of all that is adopted."""

    def __init__(self, known: Known, bodies: Mapping[str, Body], catalog: Catalog) -> None:
        self._known = known
        self._catalog = catalog
        self._values = _unique_values(known, bodies, catalog)

    def entry(self, resource: ResourceId, minimal: MinimalBody, actual: Body) -> Entry:
        """Return the entry of a resource."""
        known = self._catalog.of(resource)
        in_group = resource.parent is None and resource.scope is not None
        in_group = in_group and known is not None and known.scope is Scope.RESOURCE_GROUP
        parent = scope = None
        if resource.parent is not None:
            parent = self.id_template(resource.parent)
        elif known is not None and known.scope is Scope.EXTENSION and resource.scope is not None:
            scope = self.id_template(resource.scope)
        body = self._body_tree(minimal.body, resource)
        assert isinstance(body, Mapping)
        group = resource.scope.key if in_group and resource.scope is not None else None
        return Entry(
            id=resource,
            type=known.name if known is not None else resource.type,
            name=Template.of(resource.name),
            group=group,
            parent=parent,
            scope=scope,
            location=self._own_location(known, resource, actual),
            body=body,
            secrets=minimal.secrets,
            api_version=known.api_version if known and known.tier is not Tier.KNOWN else None,
        )

    def _own_location(
        self, known: ResourceType | None, resource: ResourceId, actual: Body
    ) -> Template | None:
        """Return the location of a resource that differs from its group's.

        A child has one where its body carries one (a virtual network link of a private DNS zone).
        """
        found = actual.get("location")
        if known is None or not isinstance(found, str) or not found:
            return None
        if known.has_location:
            return Template.of(place_of(found))
        carries = self._catalog.schemas.find(known.name, ("location",))
        if carries is None or carries.read_only or resource.is_container:
            return None
        return Template.of(place_of(found))

    def id_template(self, resource: ResourceId) -> Template:
        """Return the template of an id, relative to what the blueprint states.

        That is the nearest ancestor that the blueprint states, or the subscription.
        """
        tail: list[str] = []
        current: ResourceId | None = resource
        while current is not None:
            if current.key in self._known.resources or current.key in self._known.groups:
                return Template.of(Ref(current.key), "".join(reversed(tail)))
            if current.type == SUBSCRIPTION:
                alias = self._known.subscriptions.get(current.name.lower())
                guid: Part = Var(f"environment.subscriptions.{alias}") if alias else current.name
                return Template.of(f"/{SUBSCRIPTION}/", guid, "".join(reversed(tail)))
            above = current.container
            prefix = above.text if above is not None else ""
            tail.append(current.text[len(prefix) :])
            current = above
        return Template.of(resource.text)

    def _body_tree(self, value: Value, own: ResourceId) -> Tree:
        if isinstance(value, Mapping):
            return {
                self._text_template(key, own): self._body_tree(item, own)
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return tuple(self._body_tree(item, own) for item in value)
        if isinstance(value, str):
            return self._text_template(value, own)
        assert value is None or isinstance(value, (bool, int, float))
        return value

    def _text_template(self, text: str, own: ResourceId) -> Template:
        named = parse_resource_id(text)
        if named is not None:
            return self._id_reference(named, text, own)
        if text.lower() == self._known.tenant.lower() and text:
            return Template.of(Var("environment.tenantId"))
        alias = self._known.subscriptions.get(text.lower())
        if alias is not None:
            return Template.of(Var(f"environment.subscriptions.{alias}"))
        source = self._values.get(text)
        if source is not None and source.key != own.key:
            return Template.of(source)
        return Template.of(text)

    def _id_reference(self, named: ResourceId, text: str, own: ResourceId) -> Template:
        role = self._built_in_role(named, own)
        if role is not None:
            return role
        policy = name_of_built_in_policy(text)
        if policy is not None:
            return Template.of(Call("policyDefinitionId", (policy,)))
        if named.is_within(own) or text.endswith("/"):
            # Parts of the resource itself (the frontend of a gateway): a reference to its own id
            # would be cyclic.
            scope = own.scope
            if scope is not None and scope.key in self._known.groups and named.is_within(scope):
                return Template.of(Ref(scope.key), named.text[len(scope.text) :])
            return Template.of(text)
        return self.id_template(named)

    def _built_in_role(self, named: ResourceId, own: ResourceId) -> Template | None:
        if named.type.lower() != ROLE_DEFINITION_TYPE.lower():
            return None
        role = get_built_in_role(named.name.lower())
        scope = own.scope
        if role is None or scope is None or scope.subscription is None:
            return None
        where = self.id_template(scope)
        argument: Part = where.parts[0]
        if len(where.parts) > 1:
            argument = Call("+", where.parts)
        return Template.of(Call("roleDefinitionId", (argument, role.name)))


def place_of(location: str) -> str:
    """Return a region as Azure compares it: `westeurope` for `West Europe`."""
    return location.replace(" ", "").lower()


def _unique_values(known: Known, bodies: Mapping[str, Body], catalog: Catalog) -> Mapping[str, Ref]:
    """Return the read-only values that exactly one resource has, by the value.

    Examples are a principal id, a private IP address and an OIDC issuer URL: where another body
    states the value, it refers to that resource.
    """
    found: dict[str, Ref] = {}
    twice: set[str] = set()
    for key, body in bodies.items():
        resource_type = catalog.of(known.resources[key]) if key in known.resources else None
        if resource_type is None:
            continue
        for path, value in _read_only_values(body, resource_type, catalog):
            if value in found and found[value].key != key:
                twice.add(value)
            better = found.get(value)
            if better is None or len(path) < len(better.attribute):
                found[value] = Ref(key, path, value)
    return {value: ref for value, ref in found.items() if value not in twice}


def _read_only_values(
    body: Body, resource_type: ResourceType, catalog: Catalog
) -> Iterator[tuple[str, str]]:
    """Yield (path, value) of the telling texts that only Azure writes."""

    def descend(value: object, steps: tuple[str, ...], written: str) -> Iterator[tuple[str, str]]:
        if isinstance(value, Mapping):
            for name, item in value.items():
                if _STEP.fullmatch(name):
                    dotted = f"{written}.{name}" if written else name
                    yield from descend(item, (*steps, name), dotted)
        elif isinstance(value, (list, tuple)):
            for index, item in enumerate(value[:8]):
                yield from descend(item, (*steps, "[]"), f"{written}[{index}]")
        # Other read-only texts (a state, a version, a date) are equal by chance.
        elif isinstance(value, str) and _is_identifying(value):
            prop = catalog.schemas.find(resource_type.name, steps)
            fact = resource_type.fact(".".join(steps).replace(".[]", "[]"))
            if prop is not None and (prop.read_only or fact.read_only):
                yield written, value

    for part in ("properties", "identity"):
        yield from descend(body.get(part), (part,), part)


def _is_identifying(value: str) -> bool:
    return is_guid(value) or any(pattern.fullmatch(value) for pattern in (_ADDRESS, _HOST))


def group_of(resource: ResourceId) -> ResourceId | None:
    """Return the resource group that contains a resource, or None."""
    return next(
        (each for each in (resource, *resource.ancestors) if each.type == RESOURCE_GROUP), None
    )
