"""The steps from selected resources to generated files, in their order.

`workflow/adopt.py` calls `minimize`, and `workflow/adoption_proof.py` calls `build`.
"""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from provisioner.adoption.environment_writer import Written, write_estate
from provisioner.adoption.expression_templates import Call, Ref, Template
from provisioner.adoption.file_names import Estate, Group
from provisioner.adoption.minimal_body import MinimalBody, minimal_body
from provisioner.adoption.module_assignment import ROOT, break_module_cycles, lay_out
from provisioner.adoption.naming import (
    NamingConvention,
    find_naming_convention,
    name_words,
    without_group,
    words_of,
)
from provisioner.adoption.reference_cycles import break_cycles
from provisioner.adoption.references import (
    Entry,
    EntryWriter,
    Known,
    group_of,
    place_of,
)
from provisioner.adoption.repetition import fold_entries
from provisioner.adoption.shared_tags import shared_tags
from provisioner.blueprint.ownership import is_ownership_tag
from provisioner.catalog.registry import Catalog
from provisioner.model.resource_id import ResourceId
from provisioner.model.secret_values import find_secrets
from provisioner.model.values import Body, lookup


@dataclass(frozen=True, slots=True)
class AdoptionTarget:
    """Where the files are written for: the location of the estate, and the name of its environment.

    `subscriptions` maps alias to GUID, `subscription_names` maps GUID in lower case to display
    name, and `api_versions` maps types in lower case to the version that was requested.
    """

    name: str
    cloud: str
    auth: str
    tenant: str
    environment_id: str
    subscription_names: Mapping[str, str]
    subscriptions: Mapping[str, str] = field(default_factory=dict)
    observe: bool = False
    api_versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AdoptedResources:
    """The resources to adopt, by the key of the id.

    Their live bodies, the bodies of all resource groups that contain them, and which of these
    groups are adopted.
    """

    ids: Mapping[str, ResourceId]
    bodies: Mapping[str, Body]
    groups: Mapping[str, Body]
    owned_groups: AbstractSet[str]


@dataclass(frozen=True, slots=True)
class Built:
    """The generated files of an estate, and the values that were left out of the bodies, by key."""

    written: Written
    minimal: Mapping[str, MinimalBody]
    entries: Mapping[str, Entry]


def build(
    material: AdoptedResources,
    minimal: Mapping[str, MinimalBody],
    target: AdoptionTarget,
    catalog: Catalog,
    *,
    literal: AbstractSet[str] = frozenset(),
    warns_of_proofs: bool = False,
) -> Built:
    """Return the files that declare some resources.

    `literal` are the keys of resources whose values are written as literals, because their
    expressions did not evaluate to the values in Azure.
    """
    groups = _blueprint_groups(material, target)
    known = Known(
        resources={key: material.ids[key] for key in material.bodies},
        groups={group.id.key: group.id for group in groups},
        subscriptions={guid.lower(): alias for alias, guid in target.subscriptions.items()},
        tenant=target.tenant,
    )
    writer = EntryWriter(known, material.bodies, catalog)
    entries = [
        writer.entry(material.ids[key], minimal[key], body)
        for key, body in sorted(material.bodies.items())
    ]
    entries = [_as_literal(entry) if entry.key in literal else entry for entry in entries]
    entries = [
        _without_implied_location(entry, material, catalog) for entry in break_cycles(entries)
    ]
    habits = _naming_convention(material, target, catalog)
    words = describe(entries, habits)
    entries = [_with_prefix_expression(entry, habits) for entry in entries]
    files = lay_out(entries, material.bodies, habits)
    stated, files = break_module_cycles(entries, files)
    taggable = [entry for entry in stated if catalog.get(entry.type).taggable]
    estate = Estate(
        name=target.name,
        groups=groups,
        folds=fold_entries(stated, files, _local_words(stated, files, words, habits), literal),
        files=files,
        words=words,
        habits=habits,
        location=_common_location(groups),
        shared_tags=shared_tags(taggable, groups),
        cloud=target.cloud,
        tenant=target.tenant,
        subscriptions=target.subscriptions,
        environment_id=target.environment_id,
        observe=target.observe,
        warns_of_proofs=warns_of_proofs,
        auth=target.auth,
        plain=literal,
    )
    return Built(write_estate(estate), minimal, {entry.key: entry for entry in stated})


def minimize(material: AdoptedResources, catalog: Catalog) -> Mapping[str, MinimalBody]:
    """Return the least that files state of each resource, by the key of the id."""
    return {
        key: minimal_body(catalog.get(material.ids[key].type), catalog.schemas, body)
        for key, body in material.bodies.items()
    }


def _blueprint_groups(material: AdoptedResources, target: AdoptionTarget) -> tuple[Group, ...]:
    """Return the resource groups that the blueprint states.

    They are the adopted groups, and the groups that contain adopted resources.
    """
    aliases = {guid.lower(): alias for alias, guid in target.subscriptions.items()}
    containing = {
        group.key for key in material.bodies if (group := group_of(material.ids[key])) is not None
    }
    keys = sorted((containing | set(material.owned_groups)) & material.groups.keys())
    found = []
    for key in keys:
        body, resource = material.groups[key], material.ids[key]
        tags = lookup(body, ("tags",))
        hidden = secret_tags(body)
        found.append(
            Group(
                id=resource,
                subscription=aliases[str(resource.subscription).lower()],
                location=place_of(str(body.get("location", ""))),
                tags={
                    name: str(value)
                    for name, value in (tags.items() if isinstance(tags, Mapping) else ())
                    if not is_ownership_tag(name) and name not in hidden
                },
                existing=key not in material.owned_groups,
            )
        )
    return tuple(found)


def secret_tags(group: Body) -> frozenset[str]:
    """Return the names of a resource group's tags that hold a secret, which no file may hold."""
    tags = lookup(group, ("tags",))
    found = find_secrets(tags, "tags") if isinstance(tags, Mapping) else ()
    return frozenset(str(each.path[-1]) for each in found if each.path)


def _common_location(groups: Sequence[Group]) -> str:
    locations = [group.location for group in groups]
    return max(sorted(set(locations)), key=locations.count) if locations else ""


def _naming_convention(
    material: AdoptedResources, target: AdoptionTarget, catalog: Catalog
) -> NamingConvention:
    names = [material.ids[key].name for key in material.groups]
    names += [
        material.ids[key].name
        for key in material.bodies
        if catalog.get(material.ids[key].type).has_location
    ]
    return find_naming_convention(names, target.name)


def _as_literal(entry: Entry) -> Entry:
    """Return an entry with the plain values in the place of soft references."""
    return entry.map(
        lambda text: text.map(
            lambda part: part.literal if isinstance(part, Ref) and part.soft else part
        )
    )


def _without_implied_location(entry: Entry, material: AdoptedResources, catalog: Catalog) -> Entry:
    """Return an entry without a location that is implied.

    That is the location of its resource group, or the only one that its type can have.
    """
    if entry.location is None:
        return entry
    known = catalog.get(entry.type)
    fixed = known.fact("location").default
    group = group_of(entry.id)
    home = material.groups.get(group.key, {}).get("location") if group is not None else None
    usual = fixed if isinstance(fixed, str) else home
    same = isinstance(usual, str) and entry.location.plain == place_of(usual)
    if known.has_location and same:
        return replace(entry, location=None)
    return entry


def _with_prefix_expression(entry: Entry, habits: NamingConvention) -> Entry:
    """Return an entry with the common prefix as an expression in its name and name-like values."""
    name = entry.id.name
    written = habits.template(name)

    def change(text: Template) -> Template:
        if text.plain == name:
            return written
        return habits.value(text.plain) if text.plain is not None else text

    return entry.map(change)


def describe(entries: Sequence[Entry], habits: NamingConvention) -> Mapping[str, Sequence[str]]:
    """Return the distinctive words of each resource, by its key."""
    described: dict[str, Sequence[str]] = {}
    for entry in sorted(entries, key=lambda each: sum(1 for _ in each.id.ancestors)):
        described[entry.key] = name_words(entry.id, habits, described, _display_name(entry))[0]
    for entry in entries:
        granted = _role_assignment_words(entry, described)
        if granted:
            described[entry.key] = granted
    return described


def _display_name(entry: Entry) -> str:
    """Return the display name of a resource (`displayName`), "" where the body has none.

    A part in brackets, which names the owner, is left out.
    """
    found = next((v for key, v in _body_properties(entry) if key == "displayName"), None)
    text = found.plain if isinstance(found, Template) and found.plain else ""
    return re.sub(r"\[[^\]]*\]", "", text).strip()


def _local_words(
    entries: Sequence[Entry],
    files: Mapping[str, str],
    words: Mapping[str, Sequence[str]],
    habits: NamingConvention,
) -> Mapping[str, Sequence[str]]:
    """Return the distinctive words of each resource within its file.

    A resource in the module of a resource group need not repeat the words of the group.
    """
    found: dict[str, Sequence[str]] = {}
    for entry in entries:
        group = group_of(entry.id)
        group_words = words_of(group.name, habits) if group is not None else []
        found[entry.key] = words[entry.key]
        if files[entry.key] != ROOT:
            found[entry.key] = without_group(words[entry.key], group_words)
    return found


def _role_assignment_words(entry: Entry, described: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the words of a role assignment: its principal and role. Its own name is a GUID."""
    roles: list[str] = []
    principals: list[Ref] = []
    for key, value in _body_properties(entry):
        if not isinstance(value, Template):
            continue
        for part in value.parts:
            if isinstance(part, Call) and part.function == "roleDefinitionId":
                roles = str(part.arguments[-1]).replace("-", " ").split()
            elif isinstance(part, Ref) and key == "principalId":
                principals.append(part)
    if not roles:
        return []
    whose = [word for ref in principals for word in described.get(ref.key, ())]
    return [*whose, *(word.lower() for word in roles)]


def _body_properties(entry: Entry) -> list[tuple[str | None, object]]:
    properties = entry.body.get(Template.of("properties"))
    if not isinstance(properties, Mapping):
        return []
    return [(key.plain, value) for key, value in properties.items()]
