"""Features and limits of container registry tiers.

Source: "Azure Container Registry service tiers", the table of features and limits.
"""

from collections.abc import Mapping
from types import MappingProxyType

_GIB = 2**30

LIMITS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "basic": {"Size": 10 * _GIB, "Webhooks": 2, "ScopeMaps": 100, "Tokens": 100},
        "standard": {"Size": 100 * _GIB, "Webhooks": 10, "ScopeMaps": 500, "Tokens": 500},
        "premium": {
            "Size": 500 * _GIB,
            "Webhooks": 500,
            "Geo-replications": -1,
            "IPRules": 200,
            "VNetRules": 100,
            "PrivateEndpointConnections": 200,
            "ScopeMaps": 50000,
            "Tokens": 50000,
        },
    }
)
"""By the name of the tier in lower case: the limits by their names, -1 for none."""
