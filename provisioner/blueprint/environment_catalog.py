"""The catalog of one environment: azsec's own, extended by the types that only its files name.

A type that the catalog lacks is made of what an installed SDK package states of it, or of its name
and the `apiVersion:` that the files state. docs/types.md lists what is claimed of which.

Called by the workflows before a composition.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from provisioner.blueprint.composition_cache import CompositionCache
from provisioner.blueprint.declared_types import StatedType, read_stated_types
from provisioner.blueprint.environment import Environment
from provisioner.blueprint.file_schemas import Sources
from provisioner.catalog.generic_types import (
    RAW_BY_NAME,
    RAW_MODELS,
    raw_type,
    schema_type,
    sensitive_fields,
)
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ListRead, ResourceType, Tier
from provisioner.catalog.schema import SchemaIndex
from provisioner.catalog.sdk_packages import install_hint
from provisioner.catalog.type_directory import SdkType, TypeDirectory
from provisioner.catalog.type_names import is_type_name
from provisioner.model.diagnostic import DiagnosticError, error


def extend_catalog(
    environment: Environment,
    catalog: Catalog,
    sources: Sources,
    cache: CompositionCache | None = None,
) -> Catalog:
    """Return the catalog of what an environment's files name, some of which `cache` may know.

    A type that is in no tier is left out: to compose the environment says where it is named. Raises
    DiagnosticError for an api version that is none, for two of one type, and for a package of
    schemas that the environment states and that is not installed.
    """
    _check_packages(environment, catalog.directory)
    return with_stated_types(read_stated_types(environment, sources, cache), catalog)


def with_stated_types(stated: Sequence[StatedType], catalog: Catalog) -> Catalog:
    """Return a catalog with the stated types, each in the highest tier that there is for it.

    The tiers are the catalog, an installed SDK package, and raw. Types of children and of parents
    come along. A type that is in no tier is left out. Raises DiagnosticError where the models of a
    package cannot be read.
    """
    found = {
        each.name.lower(): sdk
        for each in stated
        if catalog.find(each.name) is None
        and (sdk := catalog.directory.find(each.name, each.api_version)) is not None
        and sdk.written.model is not None
    }
    inside = _child_types(found, catalog)
    above = _parent_types(stated, found, catalog)
    schemas = catalog.directory.read_schemas([*found.values(), *inside, *above])
    types = [made for each in stated if (made := _type_of(each, found, catalog, schemas))]
    types += [of_sdk(each, schemas) for each in (*inside, *above)]
    types = [_with_proof(each, types) for each in types]
    types += _raw_parents(types, catalog)
    raw = schemas_of(types)
    return catalog.extended(
        types,
        SchemaIndex({**schemas.models, **raw.models}, {**schemas.roots, **raw.roots}),
    )


def schemas_of(types: Iterable[ResourceType]) -> SchemaIndex:
    """Return the schemas of the raw ones among types."""
    raw = {each.name: RAW_MODELS[0].name for each in types if each.tier is Tier.RAW}
    return SchemaIndex(RAW_BY_NAME if raw else {}, raw)


def _check_packages(environment: Environment, directory: TypeDirectory) -> None:
    """Check that the stated schema packages are installed, in the version that is stated.

    Raises:
        DiagnosticError: With each package that is not.
    """
    missing = []
    for index, stated in enumerate(environment.schemas):
        package, _, version = stated.partition("==")
        found = directory.version_of(package)
        if found is None or version not in ("", found):
            missing.append(
                error(
                    "missing-package",
                    f"the package {stated} is not installed"
                    + (f": found version {found}." if found else "."),
                    environment.node.find(("schemas", index)).span,
                    install_hint(package, version),
                )
            )
    if missing:
        raise DiagnosticError(*missing)


def _child_types(found: dict[str, SdkType], catalog: Catalog) -> list[SdkType]:
    """Return the types of what can stand in resources of some types, at any depth.

    Lists of them prove what a delete would take along.
    """
    inside: dict[str, SdkType] = {}
    pending = list(found)
    while pending:
        for child in catalog.directory.below(pending.pop()):
            name = child.written.name.lower()
            if name in found or name in inside or catalog.find(name) is not None:
                continue
            if child.written.model is not None:
                inside[name] = child
                pending.append(name)
    return [inside[name] for name in sorted(inside)]


def _parent_types(
    stated: Sequence[StatedType], found: dict[str, SdkType], catalog: Catalog
) -> list[SdkType]:
    """Return the types of the parents of children, where nothing else names them."""
    known = {each.name.lower() for each in stated}
    above: dict[str, SdkType] = {}
    for name in found:
        parent = name.rpartition("/")[0]
        while parent.count("/") and parent not in known and catalog.find(parent) is None:
            sdk = catalog.directory.find(parent)
            if sdk is not None and sdk.written.model is not None:
                above[parent] = sdk
            parent = parent.rpartition("/")[0]
    return [above[name] for name in sorted(above)]


def _type_of(
    stated: StatedType, found: dict[str, SdkType], catalog: Catalog, schemas: SchemaIndex
) -> ResourceType | None:
    known = catalog.find(stated.name)
    if known is not None:
        if stated.api_version is None or known.stated_version:
            return None
        return replace(known, api_version=stated.api_version, stated_version=True)
    sdk = found.get(stated.name.lower())
    if sdk is not None:
        made = of_sdk(sdk, schemas, extension=stated.is_scoped)
        return replace(made, stated_version=stated.api_version is not None)
    if stated.api_version is None or not is_type_name(stated.name):
        return None
    raw = raw_type(
        stated.name, stated.api_version, extension=stated.is_scoped, tracked=stated.has_tags
    )
    return replace(raw, stated_version=True)


def of_sdk(sdk: SdkType, schemas: SchemaIndex, *, extension: bool = False) -> ResourceType:
    """Return the type that an SDK package describes; its model shows whether it has tags."""
    root = schemas.root(sdk.written.name)
    tags, location = root.find("tags"), root.find("location")
    made = schema_type(
        sdk.written,
        extension=extension,
        tracked=tags is not None and not tags.read_only,
        located=location is not None and not location.read_only,
    )
    return replace(
        made,
        package=f"{sdk.package}=={sdk.version}",
        fields={**made.fields, **sensitive_fields(schemas, sdk.written.name)},
    )


def _with_proof(resource_type: ResourceType, types: Sequence[ResourceType]) -> ResourceType:
    """Return a type that states whether lists show all that one of its resources can hold.

    They do where each kind of child has a list, or every parent has it under fixed names.
    """
    if resource_type.tier is not Tier.SCHEMA:
        return resource_type
    inside = (each for each in types if each.parent == resource_type.name)
    unseen = any(not (each.listable or each.rule.fixed) for each in inside)
    return replace(resource_type, contents_known=not unseen)


def _raw_parents(types: Iterable[ResourceType], catalog: Catalog) -> Iterator[ResourceType]:
    """Yield the types of the parents of children that nothing else names.

    An id that a file writes out may stand for one. Their version is inferred from the child's
    (`catalog.generic_types`).
    """
    known = {each.name.lower() for each in types}
    for each in [each for each in types if each.lists is ListRead.SINGLE]:
        above = each.parent
        while above is not None and catalog.find(above) is None:
            if above.lower() not in known:
                known.add(above.lower())
                yield raw_type(above, each.api_version)
            above = above.rpartition("/")[0] if above.count("/") > 1 else None
