"""First-party client applications, by the application id in a token (`appid`).

Source: "Verify first-party Microsoft applications in sign-in reports" of Microsoft Entra. An
application of the tenant (a pipeline) is not among them.
"""

from collections.abc import Mapping
from types import MappingProxyType

CLIENT_APPLICATIONS: Mapping[str, str] = MappingProxyType(
    {
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46": "Azure CLI",
        "1950a258-227b-4e31-a9cf-717495945fc2": "Azure PowerShell",
        "c44b4083-3bb0-49c1-b47d-974e53cbdf3c": "Azure Portal",
    }
)
"""Names by application id, in lower case."""


def client_name(application: str) -> str:
    """Return the name of an application, or its id where it is none of Microsoft's clients."""
    return CLIENT_APPLICATIONS.get(application.lower(), application)
