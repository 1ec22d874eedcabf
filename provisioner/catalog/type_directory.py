"""What installed SDK packages say of types outside the catalog, as a port: reading them is I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from provisioner.catalog.resource_type import SdkModel
from provisioner.catalog.schema import SchemaIndex


@dataclass(frozen=True, slots=True)
class SdkType:
    """A type that the operations of an SDK package write.

    distribution, version  the package as PyPI names it, and the version that is installed
    sdk                    the model of its body; None where the operation takes bytes alone
    scopes                 what a PUT stands in: `resourceGroup`, `subscription`, `tenant`, `scope`,
                           `managementGroup`; a child has those of its parent
    lists_children         whether PARENT/kind is listed
    deletable              whether there is a DELETE of it
    """

    name: str
    api_version: str
    distribution: str
    version: str
    sdk: SdkModel | None
    scopes: tuple[str, ...]
    lists_children: bool
    deletable: bool


class TypeDirectory(Protocol):
    """Finds types in the SDK packages that are installed."""

    def find(self, name: str) -> SdkType | None:
        """Return the type of this name, case ignored; None where no installed package has it."""

    def below(self, name: str) -> tuple[SdkType, ...]:
        """Return the types of what stands in resources of a type, at any depth."""

    def near(self, name: str) -> str | None:
        """Return the name of a type that is spelled almost like this one, or None."""

    def package_of(self, name: str) -> str | None:
        """Return the package on PyPI that has the types of a namespace, None where that is not
        known; whether it is installed or not."""

    def read_schemas(self, types: Iterable[SdkType]) -> SchemaIndex:
        """Return the schemas of types that have a model."""


class NoDirectory:
    """No SDK package is looked into."""

    def find(self, name: str) -> SdkType | None:
        """Return None."""
        del name
        return None

    def below(self, name: str) -> tuple[SdkType, ...]:
        """Return nothing."""
        del name
        return ()

    def near(self, name: str) -> str | None:
        """Return None."""
        del name
        return None

    def package_of(self, name: str) -> str | None:
        """Return None."""
        del name
        return None

    def read_schemas(self, types: Iterable[SdkType]) -> SchemaIndex:
        """Return no schemas."""
        del types
        return SchemaIndex({}, {})
