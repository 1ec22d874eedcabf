"""The syntax of resource types, namespaces and api versions of Azure Resource Manager."""

import re

TYPE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(\.[A-Za-z0-9]+)+(/[A-Za-z0-9][A-Za-z0-9._-]*)+")
"""`Namespace.Provider/kind`, children `/kind/kind`."""
EXAMPLE = "Microsoft.Network/virtualNetworks"
API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(?P<preview>-[A-Za-z][A-Za-z0-9.-]*)?")
"""A day, and what sort of preview it is, if it is one (`2024-05-01-preview`)."""


def is_type_name(text: str) -> bool:
    """Return whether a text names a type: a namespace with a dot, then a segment or more."""
    return TYPE_NAME.fullmatch(text) is not None


def is_namespace(text: str) -> bool:
    """Return whether a text can be the namespace of a resource provider."""
    return is_type_name(f"{text}/kinds")


def is_api_version(text: str) -> bool:
    """Return whether a text is an api version."""
    return API_VERSION.fullmatch(text) is not None


def is_preview(api_version: str) -> bool:
    """Return whether an api version is a preview: it has more than a day (`2024-05-01-preview`)."""
    match = API_VERSION.fullmatch(api_version)
    return match is None or match["preview"] is not None
