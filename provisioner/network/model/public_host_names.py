"""Host names that anybody can register, and the wildcard patterns that match them.

Facts: the domains' registries (the Public Suffix List has both kinds); the documentation "Azure
Firewall FQDN filtering": an asterisk stands at the head of a name.
"""

from provisioner.network.model.firewalls import is_covered

_SECOND_LEVEL = frozenset(
    (
        "ac", "asso", "co", "com", "edu", "firm", "gen", "go", "gob", "gouv", "gov", "gv", "id",
        "in", "info", "ltd", "me", "mil", "ne", "net", "nom", "or", "org", "plc", "priv",
    )
)  # fmt: skip
"""The labels before a country's domain below which names are sold: `co.uk`, `com.br`."""

_OF_CUSTOMERS = (
    "blob.core.windows.net", "dfs.core.windows.net", "file.core.windows.net",
    "queue.core.windows.net", "table.core.windows.net", "web.core.windows.net",
    "database.windows.net", "servicebus.windows.net", "documents.azure.com", "vault.azure.net",
    "azurecr.io", "azurewebsites.net", "azurecontainerapps.io", "azurefd.net", "azureedge.net",
    "azure-api.net", "cloudapp.net", "cloudapp.azure.com", "trafficmanager.net",
    "amazonaws.com", "s3.amazonaws.com", "cloudfront.net", "appspot.com", "run.app",
    "storage.googleapis.com", "github.io", "githubusercontent.com", "gitlab.io", "herokuapp.com",
    "netlify.app", "ngrok.io", "ngrok-free.app", "pages.dev", "vercel.app", "workers.dev",
    "blogspot.com", "wordpress.com",
)  # fmt: skip
"""Domains of providers below which every customer names what they run."""


def is_anybodys(pattern: str) -> bool:
    """Return whether a name with a leading asterisk matches hosts that anybody can have.

    Such are all of a top-level domain, and those that all customers of a provider run. A top-level
    domain that stands alone is taken for all below it.
    """
    name = pattern.strip().lower().rstrip(".")
    labels = name.lstrip("*").strip(".").split(".")
    if len(labels) == 1:
        return True
    if len(labels) == 2 and labels[0] in _SECOND_LEVEL and len(labels[1]) == 2:
        return True
    return name.startswith("*") and any(is_covered(f"*.{one}", name) for one in _OF_CUSTOMERS)
