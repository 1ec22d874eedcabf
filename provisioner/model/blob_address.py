"""URLs of blobs and containers in Azure Storage."""

import re
from dataclasses import dataclass

_CONTAINER = (
    r"https://(?P<account>[a-z0-9]{3,24})(\.z[0-9]{2})?\.blob\."
    r"(core\.windows\.net|core\.usgovcloudapi\.net|core\.chinacloudapi\.cn|storage\.azure\.net)"
    r"/(?P<container>[a-z0-9](-?[a-z0-9]){2,62})"
)
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*"
BLOB_URL = rf"{_CONTAINER}/(?P<name>{_NAME})"
"""What names a blob: no query, so that no signature (SAS), which is a secret, gets into a file, and
no host but those of Azure Storage, so that nobody else is sent a token. Sources: "Naming and
referencing containers, blobs, and metadata"; "Storage account overview" (standard endpoints, and
Azure DNS zone endpoints)."""

_CONTAINER_URL = rf"{_CONTAINER}(/(?P<prefix>{_NAME}))?/?"
_MOST_CHARACTERS = 1024
_MOST_OF_PREFIX = 512
"""Leaves room for the names below it."""


@dataclass(frozen=True, slots=True)
class BlobAddress:
    """The URL of a blob, and its parts.

    `origin` is scheme and host, without a slash.
    """

    url: str
    origin: str
    account: str
    container: str
    name: str


def parse_blob_url(text: str) -> BlobAddress | None:
    """Return the address that a URL names; None where it names no blob in Azure Storage."""
    found = re.fullmatch(BLOB_URL, text)
    if found is None or len(found["name"]) > _MOST_CHARACTERS:
        return None
    origin = "/".join(text.split("/")[:3])
    return BlobAddress(text, origin, found["account"], found["container"], found["name"])


@dataclass(frozen=True, slots=True)
class ContainerAddress:
    """The URL of a container, or of a folder in it, and its parts.

    `origin` is scheme and host, without a slash; `prefix` begins the name of every blob below it:
    "" for all of the container, else ending with a slash.
    """

    url: str
    origin: str
    account: str
    container: str
    prefix: str


def parse_container_url(text: str) -> ContainerAddress | None:
    """Return the address that a URL names; None where it names no container or folder in one."""
    found = re.fullmatch(_CONTAINER_URL, text)
    if found is None or len(found["prefix"] or "") > _MOST_OF_PREFIX:
        return None
    prefix = f"{found['prefix']}/" if found["prefix"] else ""
    url = text.rstrip("/")
    origin = "/".join(text.split("/")[:3])
    return ContainerAddress(url, origin, found["account"], found["container"], prefix)
