"""The regions of Azure's clouds, by the names that ARM compares and those that people read.

Source: "List of Azure regions", and what `az account list-locations` answers in the public cloud,
US Government and China. Azure opens several a year, so nothing but the built-in Azure goes by this
list: what a real cloud has is asked of it (`preflight`).
"""

from collections.abc import Mapping
from types import MappingProxyType

GLOBAL = "global"
"""The location of resources without a region (a DNS zone)."""

REGIONS: Mapping[str, str] = MappingProxyType(
    {
        name.replace(" ", "").lower(): name
        for name in (
            "Australia Central", "Australia Central 2", "Australia East", "Australia Southeast",
            "Austria East", "Belgium Central", "Brazil South", "Brazil Southeast",
            "Canada Central", "Canada East", "Central India", "Central US", "Central US EUAP",
            "Chile Central", "Denmark East", "East Asia", "East US", "East US 2",
            "East US 2 EUAP", "France Central", "France South", "Germany North",
            "Germany West Central", "Indonesia Central", "Israel Central", "Israel Northwest",
            "Italy North", "Japan East", "Japan West", "Jio India Central", "Jio India West",
            "Korea Central", "Korea South", "Malaysia West", "Mexico Central",
            "New Zealand North", "North Central US", "North Europe", "Norway East",
            "Norway West", "Poland Central", "Qatar Central", "South Africa North",
            "South Africa West", "South Central US", "South India", "Southeast Asia",
            "Southeast US", "Spain Central", "Sweden Central", "Sweden South",
            "Switzerland North", "Switzerland West", "Taiwan North", "UAE Central", "UAE North",
            "UK South", "UK West", "West Central US", "West Europe", "West India", "West US",
            "West US 2", "West US 3",
            "US DoD Central", "US DoD East", "USGov Arizona", "USGov Texas", "USGov Virginia",
            "China East", "China East 2", "China East 3", "China North", "China North 2",
            "China North 3",
        )
    }
)  # fmt: skip


def same_region(text: str) -> str:
    """Return the name of a region as ARM compares it (`West Europe` is `westeurope`)."""
    return text.replace(" ", "").lower()
