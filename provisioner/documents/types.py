"""Resource types of Azure Resource Manager: tiers, SDK packages and properties."""

from typing import Literal

from provisioner.documents.document import FORMAT_VERSION, Document


class TypeDocument(Document):
    """A resource type, as far as it is known.

    `tier` is `known` or `schema only`; `package` is the one on PyPI that has its model, None where
    the catalog itself has it.
    """

    type: str
    api_version: str
    tier: str
    package: str | None = None
    package_version: str | None = None


class UntypedOperationDocument(Document):
    """A PUT operation of a package that writes no type: its URL, and why."""

    url: str
    reason: str


class PackageDocument(Document):
    """An SDK package that is installed, and the types that its operations write.

    `puts` counts its PUT operations, `untyped` are those of them that gave no type.
    """

    name: str
    version: str
    puts: int
    types: tuple[TypeDocument, ...]
    untyped: tuple[UntypedOperationDocument, ...]


class PackagesDocument(Document):
    """Packages that are installed, with the types in them."""

    kind: Literal["azsec/schema-packages"] = "azsec/schema-packages"
    format_version: str = FORMAT_VERSION
    packages: tuple[PackageDocument, ...]


class PropertyDocument(Document):
    """A property of a body: its path (`[]` for entries), the shape of its value, and known values.

    It has the SDK's statement on who writes it and when.
    """

    path: str
    shape: str
    values: tuple[str, ...] = ()
    required: bool = False
    read_only: bool = False
    create_only: bool = False


class TypeSchemaDocument(Document):
    """All that is known of the shape of a type.

    `stands_in` is the type of its parent or scope, `children` are the types of its children,
    `deletable` whether it can be deleted by itself.
    """

    kind: Literal["azsec/type-schema"] = "azsec/type-schema"
    format_version: str = FORMAT_VERSION
    type: TypeDocument
    stands_in: str
    deletable: bool
    children: tuple[str, ...]
    properties: tuple[PropertyDocument, ...]
