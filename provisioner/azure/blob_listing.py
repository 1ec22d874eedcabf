"""XML of List Blobs: one page of the blobs of a container.

Source: learn.microsoft.com, REST API of Blob Storage, "List Blobs": response body.
"""

from dataclasses import dataclass
from urllib.parse import unquote
from xml.etree import ElementTree

from provisioner.azure.errors import UNEXPECTED
from provisioner.engine.container_port import ListedBlob
from provisioner.model.azure_error import AzureError


@dataclass(frozen=True, slots=True)
class BlobPage:
    """The blobs of one page, in the order of their names, and the marker of the next page.

    `next_marker` is "" on the last page.
    """

    blobs: tuple[ListedBlob, ...]
    next_marker: str


def read_page(content: bytes) -> BlobPage:
    """Return the page in an answer (UTF-8, with or without a byte order mark).

    Raises AzureError `UnexpectedAnswer` for no XML, XML with a document type (whose entities could
    expand without bound), another root, and a blob without a name.
    """
    try:
        text = content.decode("utf-8-sig")
        if "<!DOCTYPE" in text:
            raise unexpected_list("a list of blobs has a document type")
        root = ElementTree.fromstring(text)
    except (UnicodeDecodeError, ElementTree.ParseError, ValueError):
        raise unexpected_list("a list of blobs is not XML") from None
    if root.tag != "EnumerationResults":
        raise unexpected_list(f"a list of blobs has the root {root.tag[:40]!r}")
    blobs = tuple(_read_blob(each) for each in root.iterfind("Blobs/Blob"))
    return BlobPage(blobs, (root.findtext("NextMarker") or "").strip())


def _read_blob(element: ElementTree.Element) -> ListedBlob:
    place = element.find("Name")
    name = "" if place is None else place.text or ""
    if place is not None and place.get("Encoded") == "true":
        # Azure Storage percent-encodes names with characters that XML 1.0 cannot hold.
        name = unquote(name)
    if not name:
        raise unexpected_list("a list of blobs has one without a name")
    metadata = {each.tag.lower(): (each.text or "") for each in element.iterfind("Metadata/*")}
    return ListedBlob(name, metadata)


def unexpected_list(what: str) -> AzureError:
    """Return the error for a list that does not have the shape of Azure Storage's answers."""
    return AzureError(
        200,
        UNEXPECTED,
        f"{what}. Azure Storage does not answer so: check whether a proxy or a gateway answered in "
        "its place.",
    )
