"""The port of a blob container: named contents, written under conditions, and lists of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """A blob as it was read: its content, its entity tag, and its metadata by name (lower case)."""

    content: bytes
    etag: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListedBlob:
    """A blob as a list shows it: its name, and its metadata by name (lower case)."""

    name: str
    metadata: Mapping[str, str] = field(default_factory=dict)


class BlobContainer(Protocol):
    """A container of Azure Storage. Every method raises AzureError for what is refused."""

    def read(self, name: str) -> StoredBlob | None:
        """Return a blob, None where there is none of the name."""

    def write(self, name: str, content: bytes, metadata: Mapping[str, str] | None = None) -> None:
        """Write a blob, in the place of one that is there."""

    def create(self, name: str, content: bytes, metadata: Mapping[str, str] | None = None) -> bool:
        """Write a blob where there is none of the name; return False where there is one."""

    def replace(self, name: str, content: bytes, metadata: Mapping[str, str], etag: str) -> bool:
        """Write a blob in the place of the one with this entity tag; return False where another
        one is there by now, or none."""

    def find(self, prefix: str, most: int | None = None) -> Iterator[ListedBlob]:
        """Yield the blobs whose names begin with a prefix, in the order of their names: all, or
        the first `most`."""
