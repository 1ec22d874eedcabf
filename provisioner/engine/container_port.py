"""Port of a blob container: reads, conditional writes and lists. `azure.blobs` implements it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """A blob that was read: its content, its entity tag, and its metadata by name (lower case)."""

    content: bytes
    etag: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListedBlob:
    """An entry of List Blobs: the blob's name, and its metadata by name (lower case)."""

    name: str
    metadata: Mapping[str, str] = field(default_factory=dict)


class BlobContainer(Protocol):
    """A container of Azure Storage. Every method raises AzureError for a refusal."""

    def read(self, name: str) -> StoredBlob | None:
        """Return a blob, None where there is none of the name."""

    def write(self, name: str, content: bytes, metadata: Mapping[str, str] | None = None) -> None:
        """Write a blob; one of the name is replaced."""

    def create(self, name: str, content: bytes, metadata: Mapping[str, str] | None = None) -> bool:
        """Write a blob if there is none of the name (`If-None-Match: *`); else return False."""

    def replace(self, name: str, content: bytes, metadata: Mapping[str, str], etag: str) -> bool:
        """Replace the blob that has this entity tag (`If-Match`).

        Return False where the blob has another one by now, or does not exist.
        """

    def find(self, prefix: str, most: int | None = None) -> Iterator[ListedBlob]:
        """Yield the blobs whose names begin with a prefix, in the order of their names.

        All of them, or the first `most`.
        """
