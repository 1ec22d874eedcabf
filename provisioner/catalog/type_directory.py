"""The port that finds types of installed SDK packages: reading packages is I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from provisioner.catalog.schema import SchemaIndex
from provisioner.catalog.sdk_operations import SdkResourceType


@dataclass(frozen=True, slots=True)
class SdkType:
    """A type that an installed package writes.

    It has the package as PyPI names it, its version, and what its operations tell.
    """

    package: str
    version: str
    written: SdkResourceType


class TypeDirectory(Protocol):
    """Finds types in the SDK packages that are installed."""

    def find(self, name: str, api_version: str | None = None) -> SdkType | None:
        """Return the type of this name (case ignored) in an api version.

        The newest that is no preview where none is requested; None where no installed package has
        it.
        """

    def below(self, name: str) -> Sequence[SdkType]:
        """Return the types of direct children of a type, each in one version."""

    def names_in(self, namespace: str) -> Sequence[str]:
        """Return the names of the types of a namespace that installed packages have."""

    def version_of(self, package: str) -> str | None:
        """Return the version of a package that is installed, else None."""

    def read_schemas(self, types: Iterable[SdkType]) -> SchemaIndex:
        """Return the schemas of types that have a model."""


class NoDirectory:
    """A directory in which no package is installed."""

    def find(self, name: str, api_version: str | None = None) -> SdkType | None:
        """Return None."""
        del name, api_version
        return None

    def below(self, name: str) -> Sequence[SdkType]:
        """Return nothing."""
        del name
        return ()

    def names_in(self, namespace: str) -> Sequence[str]:
        """Return nothing."""
        del namespace
        return ()

    def version_of(self, package: str) -> str | None:
        """Return None."""
        del package
        return None

    def read_schemas(self, types: Iterable[SdkType]) -> SchemaIndex:
        """Return no schemas."""
        del types
        return SchemaIndex({}, {})
