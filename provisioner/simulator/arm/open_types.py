"""Types outside the catalog, served by ARM's own rules.

What a provider would check of a body is not known here: any body is accepted, under any well-formed
API version, and answered with what ARM adds to every resource (id, name, type, `provisioningState`,
the principal of an identity). A malformed namespace or type is refused as in Azure; so are types
whose versions were stated (`azsec local api-versions --type`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from provisioner.catalog.generic_types import RAW_BY_NAME, RAW_MODELS, raw_type
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType
from provisioner.catalog.schema import SchemaIndex
from provisioner.catalog.type_names import is_type_name

_ANY_VERSION = "0000-00-00"
"""Of which no property is known, whatever version a request names."""


@dataclass(frozen=True)
class OpenCatalog(Catalog):
    """A catalog that also finds every well-formed type outside of it, as a raw type.

    Iteration yields the catalog's own types only.
    """

    def find(self, name: str) -> ResourceType | None:
        """Return the type of this name; None if the name is not well-formed."""
        known = super().find(name)
        if known is not None or not is_type_name(name):
            return known
        return _open_type(name)

    def is_open(self, name: str) -> bool:
        """Return whether a well-formed type is outside the catalog."""
        return super().find(name) is None


def open_catalog(catalog: Catalog) -> OpenCatalog:
    """Return a catalog that finds all other types beside its own."""
    roots = _OpenRoots({**catalog.schemas.roots}, RAW_MODELS[0].name)
    models = {**RAW_BY_NAME, **catalog.schemas.models}
    return OpenCatalog(catalog.types, SchemaIndex(models, roots))


class _OpenRoots(Mapping[str, str]):
    """Root models by type name, with one model for all unknown types."""

    def __init__(self, known: Mapping[str, str], other: str) -> None:
        self._known = known
        self._other = other

    def __getitem__(self, type_name: str) -> str:
        return self._known.get(type_name) or self._other

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


@lru_cache(maxsize=4096)
def _open_type(name: str) -> ResourceType:
    return raw_type(name, _ANY_VERSION, tracked=True)
