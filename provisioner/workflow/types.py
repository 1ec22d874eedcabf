"""`azsec schema add|list|show`: resource types, and the known shape of their bodies.

Called by `cli`; the facts are the catalog's and those of installed azure-mgmt packages.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from provisioner.blueprint.environment_catalog import of_sdk
from provisioner.blueprint.unknown_types import unknown_type, wrong_type_name
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType
from provisioner.catalog.schema import Kind, Property, Shape, walk
from provisioner.catalog.sdk_operations import PackageOperations
from provisioner.catalog.sdk_packages import install_hint, package_for
from provisioner.catalog.type_directory import SdkType, TypeDirectory
from provisioner.catalog.type_names import is_type_name
from provisioner.documents.types import (
    PackageDocument,
    PackagesDocument,
    PropertyDocument,
    TypeDocument,
    TypeSchemaDocument,
    UntypedOperationDocument,
)
from provisioner.model.diagnostic import DiagnosticError, error

_ENVELOPE = frozenset({"id", "name", "type", "etag", "systemData"})


class PackageDirectory(TypeDirectory, Protocol):
    """A directory of types that lists the packages, too."""

    @property
    def packages(self) -> Mapping[str, object]:
        """The installed packages, by their names on PyPI."""

    def index(self, package: str) -> PackageOperations:
        """Return the types that an installed package writes.

        Raises KeyError for any other package.
        """


def describe_subject(
    subject: str, catalog: Catalog, directory: PackageDirectory
) -> PackageDocument:
    """Return the package that a name or a type refers to, with the types that it writes.

    Raises DiagnosticError too for a package that is not installed, with the command that installs
    it.

    Raises:
        DiagnosticError: Where the text is no type's name, and where no known package has the type
            (`unknown-type`).
    """
    if "/" not in subject:
        return _describe_package(subject.lower(), catalog, directory)
    if not is_type_name(subject):
        raise DiagnosticError(wrong_type_name(subject, None))
    found = directory.find(subject)
    package = found.package if found is not None else package_for(subject)
    if package is None:
        raise DiagnosticError(
            error(
                "unknown-type",
                f"no package is known to have {subject}.",
                None,
                "Name the package (azsec schema add azure-mgmt-NAME), or state `apiVersion:` in "
                "the blueprint.",
            )
        )
    described = _describe_package(package, catalog, directory)
    if found is None:
        raise DiagnosticError(
            error(
                "unknown-type",
                f"{package} {described.version} does not have {subject}.",
                None,
                f"`azsec schema list {package}` prints its {len(described.types)} types.",
            )
        )
    return described


def list_packages(
    subject: str | None, catalog: Catalog, directory: PackageDirectory
) -> PackagesDocument:
    """Return the installed packages with their types: all, one, or those of a namespace."""
    prefix = (subject or "").lower()
    if prefix.startswith("azure-mgmt-"):
        return PackagesDocument(packages=(_describe_package(prefix, catalog, directory),))
    described = [_describe_package(name, catalog, directory) for name in directory.packages]
    return PackagesDocument(
        packages=tuple(
            kept for each in described if (kept := _limit_to_namespace(each, prefix)).types
        )
    )


def _limit_to_namespace(package: PackageDocument, namespace: str) -> PackageDocument:
    prefix = f"{namespace}/" if namespace else ""
    types = tuple(each for each in package.types if each.type.lower().startswith(prefix))
    return package.model_copy(update={"types": types})


def _describe_package(name: str, catalog: Catalog, directory: PackageDirectory) -> PackageDocument:
    version = directory.version_of(name)
    if version is None:
        raise DiagnosticError(
            error(
                "missing-package",
                f"the package {name} is not installed.",
                None,
                install_hint(name),
            )
        )
    findings = directory.index(name)
    # Several operations of a package may write one type, and spell it in different cases.
    types = {each.name.lower(): each.name for each in findings.types if each.model is not None}
    return PackageDocument(
        name=name,
        version=version,
        puts=findings.puts,
        types=tuple(_type_document(types[key], catalog, directory) for key in sorted(types)),
        untyped=tuple(
            UntypedOperationDocument(url=each.url, reason=each.reason)
            for each in sorted(findings.passed, key=lambda one: (one.url, one.reason))
        ),
    )


def _type_document(name: str, catalog: Catalog, directory: TypeDirectory) -> TypeDocument:
    known = catalog.find(name)
    sdk = directory.find(name)
    package = sdk.package if sdk is not None else None
    if known is None and sdk is not None:
        version, tier = sdk.written.api_version, "schema only"
    else:
        version, tier = known.api_version if known else "", "known"
    return TypeDocument(
        type=known.name if known is not None else name,
        api_version=version,
        tier=tier,
        package=package,
        package_version=sdk.version if sdk is not None else None,
    )


def describe_type(name: str, catalog: Catalog, directory: TypeDirectory) -> TypeSchemaDocument:
    """Return the known shape of a type.

    Raises:
        DiagnosticError: Where neither the catalog nor an installed package has the type.
    """
    resource_type = catalog.find(name)
    sdk = directory.find(name) if resource_type is None else None
    schemas = catalog.schemas
    if resource_type is None:
        if sdk is None or sdk.written.model is None:
            raise DiagnosticError(unknown_type(name, None, catalog))
        schemas = directory.read_schemas([sdk])
        resource_type = of_sdk(sdk, schemas)
    children = [each.written.name for each in directory.below(resource_type.name)]
    known = [each.name for each in catalog.children(resource_type)]
    inside = {each.lower(): each for each in (*children, *known)}
    return TypeSchemaDocument(
        type=_type_document(resource_type.name, catalog, directory),
        stands_in=_container_of(resource_type, sdk),
        deletable=resource_type.deletable,
        children=tuple(inside[key] for key in sorted(inside)),
        properties=tuple(
            _property_document(path, prop)
            for path, prop in walk(schemas, resource_type.name)
            if path[0] not in _ENVELOPE
        ),
    )


def _container_of(resource_type: ResourceType, sdk: SdkType | None) -> str:
    if resource_type.parent is not None:
        return resource_type.parent
    if sdk is not None:
        return ", ".join(sdk.written.places)
    return str(resource_type.scope)


def _property_document(path: Sequence[str], prop: Property) -> PropertyDocument:
    return PropertyDocument(
        path=".".join(path).replace(".[]", "[]"),
        shape=_describe_shape(prop.shape),
        values=prop.shape.enum,
        # SDK models require some read-only properties, since Azure always answers them: no file may
        # state them.
        required=prop.required and not prop.read_only,
        read_only=prop.read_only,
        create_only=prop.create_only,
    )


def _describe_shape(shape: Shape) -> str:
    if shape.kind in (Kind.LIST, Kind.MAP) and shape.item is not None:
        return f"{shape.kind} of {shape.item.kind}"
    return str(shape.kind)
