"""Whether a name is one that Azure reserves.

Source: Resources "Check Resource Name", and "Resolve reserved resource name errors" for the words.
"""

from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud

_WHOLE = frozenset(
    {
        "access", "app_browsers", "app_code", "app_data", "app_globalresources",
        "app_localresources", "app_themes", "app_webreferences", "azure", "bing", "bizspark",
        "biztalk", "cortana", "directx", "dotnet", "dynamics", "excel", "exchange", "forefront",
        "groove", "hololens", "hyperv", "kinect", "lync", "msdn", "o365", "office", "office365",
        "onedrive", "onenote", "outlook", "powerpoint", "sharepoint", "skype", "visio",
        "visualstudio",
    }
)  # fmt: skip
_WITHIN = ("microsoft", "windows")
_FIRST = ("login", "xbox")


def check_resource_name(_cloud: Cloud, request: Request) -> Answer:
    """Answer whether a name is allowed or reserved."""
    document = request.read_object()
    name, type_name = document.get("name"), document.get("type")
    if not isinstance(name, str) or not isinstance(type_name, str) or not name or not type_name:
        raise RefusalError(
            400, "InvalidRequestContent", "The request content states no 'name' and 'type'."
        )
    status = "Reserved" if _is_reserved(name.lower()) else "Allowed"
    return Answer(200, {"name": name, "type": type_name, "status": status})


def _is_reserved(name: str) -> bool:
    return name in _WHOLE or name.startswith(_FIRST) or any(word in name for word in _WITHIN)
