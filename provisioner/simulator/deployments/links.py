"""Linked templates and parameters, read from this server only: it downloads nothing.

A `uri` is a blob of a storage account here, an `id` a version of a template spec, whose
`mainTemplate` is the template. Requests to other hosts are refused, so that no template can make
the server reach out. Source: "Using linked and nested templates", "Template specs".
"""

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from provisioner.catalog.blob_storage import STORAGE_ACCOUNT, container_in
from provisioner.catalog.deployment import TEMPLATE_SPEC_VERSION_TYPE
from provisioner.model.resource_id import parse_resource_id
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.template_language.relaxed_json import RelaxedJsonError, read_json


def read_link(
    cloud: Cloud, request: Request, link: object, parent: Mapping[str, Any] | None
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the document of a link, and the link as a deployment shows it.

    `parent` is the link of the outer template, which `relativePath` is relative to.

    Raises:
        InvalidContentLinkError: the link is malformed, its content absent, or of another version.
    """
    if not isinstance(link, Mapping):
        raise InvalidContentLinkError("A link must be an object with a 'uri' or an 'id'.")
    if "id" in link:
        document: object = _read_template_spec(cloud, str(link["id"]))
        shown = {"id": link["id"]}
    else:
        uri = _link_uri(link, parent)
        document = _read_blob(cloud, request, uri)
        shown = {"uri": uri}
    if not isinstance(document, Mapping):
        raise InvalidContentLinkError(
            f"The content of '{next(iter(shown.values()))}' is no JSON object."
        )
    version = link.get("contentVersion")
    if version is not None and document.get("contentVersion") != version:
        raise InvalidContentLinkError(
            f"The content version '{document.get('contentVersion')}' is not the '{version}' that "
            "the link states."
        )
    return document, {**shown, "contentVersion": document.get("contentVersion")}


def _link_uri(link: Mapping[str, Any], parent: Mapping[str, Any] | None) -> str:
    if "relativePath" in link:
        if parent is None or "uri" not in parent:
            raise InvalidContentLinkError(
                f"The relative path '{link['relativePath']}' starts from a template that is linked "
                "by 'uri', and this one is not."
            )
        return urljoin(str(parent["uri"]), str(link["relativePath"]))
    if not isinstance(link.get("uri"), str):
        raise InvalidContentLinkError("A link must have a 'uri', an 'id' or a 'relativePath'.")
    return str(link["uri"])


def _read_blob(cloud: Cloud, request: Request, uri: str) -> object:
    """Return the content of a blob of this server, by its path-style address.

    Raises:
        InvalidContentLinkError: the address is of another host, or there is no blob.
    """
    own, linked = urlsplit(request.base), urlsplit(uri)
    if (linked.scheme, linked.netloc) != (own.scheme, own.netloc):
        raise InvalidContentLinkError(
            f"Unable to download deployment content from '{uri}'. The built-in Azure downloads "
            f"from its own blobs only: {request.base}/ACCOUNT/CONTAINER/NAME."
        )
    account, _, rest = unquote(linked.path).strip("/").partition("/")
    container, _, name = rest.partition("/")
    for row in cloud.store.resources.of_type(STORAGE_ACCOUNT):
        if row.id.name == account:
            blob = cloud.store.blobs.get(f"{container_in(row.id, container).key}|{name}")
            if blob is not None:
                return _parse_content(base64.b64decode(blob.content), uri)
    raise InvalidContentLinkError(
        f"Unable to download deployment content from '{uri}'. The blob does not exist: PUT it with "
        "the header x-ms-version first."
    )


def _parse_content(content: bytes, uri: str) -> object:
    try:
        return read_json(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, RelaxedJsonError) as problem:
        raise InvalidContentLinkError(
            f"The content of '{uri}' is not valid JSON: {problem}."
        ) from None


def _read_template_spec(cloud: Cloud, text: str) -> object:
    spec = parse_resource_id(text)
    if spec is None or spec.type.lower() != TEMPLATE_SPEC_VERSION_TYPE.lower():
        raise InvalidContentLinkError(f"The id '{text}' is none of a version of a template spec.")
    row = cloud.find(spec)
    if row is None:
        raise RefusalError(
            404,
            "TemplateSpecVersionNotFound",
            f"The template spec version '{text}' could not be found.",
        )
    properties = row.body.get("properties")
    return properties.get("mainTemplate") if isinstance(properties, Mapping) else None


class InvalidContentLinkError(RefusalError):
    """A template or parameter link that is malformed, or whose content cannot be read."""

    def __init__(self, message: str) -> None:
        super().__init__(400, "InvalidContentLink", message)
