"""Reserved resource names (Resources "Check Resource Name").

The words are those of "Resolve reserved resource name errors".
"""

from provisioner.simulator.protocol.errors import InvalidRequestContentError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud

_RESERVED = frozenset(
    {
        "access", "app_browsers", "app_code", "app_data", "app_globalresources",
        "app_localresources", "app_themes", "app_webreferences", "azure", "bing", "bizspark",
        "biztalk", "cortana", "directx", "dotnet", "dynamics", "excel", "exchange", "forefront",
        "groove", "hololens", "hyperv", "kinect", "lync", "msdn", "o365", "office", "office365",
        "onedrive", "onenote", "outlook", "powerpoint", "sharepoint", "skype", "visio",
        "visualstudio",
    }
)  # fmt: skip
_RESERVED_PARTS = ("microsoft", "windows")
_RESERVED_PREFIXES = ("login", "xbox")


def check_resource_name(_cloud: Cloud, request: Request) -> Answer:
    """Answer whether a name is allowed or reserved.

    Raises:
        InvalidRequestContentError: the body has no name or type.
    """
    document = request.read_object()
    name, type_name = document.get("name"), document.get("type")
    if not isinstance(name, str) or not isinstance(type_name, str) or not name or not type_name:
        raise InvalidRequestContentError("The request content states no 'name' and 'type'.")
    status = "Reserved" if _is_reserved(name.lower()) else "Allowed"
    return Answer(200, {"name": name, "type": type_name, "status": status})


def _is_reserved(name: str) -> bool:
    return (
        name in _RESERVED
        or name.startswith(_RESERVED_PREFIXES)
        or any(word in name for word in _RESERVED_PARTS)
    )
