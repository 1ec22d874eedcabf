"""Istio revisions, trusted access roles and OS options of AKS, for the built-in Azure.

Source: "Istio-based service mesh add-on for AKS" (revisions), "Support status of Istio releases"
(istio.io) for the Kubernetes versions of each; "Get secure resource access to AKS using Trusted
Access" and the pages of its partners for the roles (recorded: `backup-operator`, `mlworkload`);
"Managed Clusters - Get OS Options".
"""

from dataclasses import dataclass

ISTIO = "istio"
"""The one mode of a service mesh."""


@dataclass(frozen=True, slots=True)
class MeshRevision:
    """A revision of the Istio add-on: its upgrades, and the Kubernetes minor versions."""

    name: str
    upgrades: tuple[str, ...]
    kubernetes: tuple[str, ...]


MESH_REVISIONS = (
    MeshRevision("asm-1-26", ("asm-1-27",), ("1.29", "1.30", "1.31", "1.32", "1.33")),
    MeshRevision("asm-1-27", (), ("1.29", "1.30", "1.31", "1.32", "1.33", "1.34")),
)

TRUSTED_ACCESS_ROLES = (
    ("Microsoft.DataProtection/backupVaults", "backup-operator"),
    ("Microsoft.MachineLearningServices/workspaces", "mlworkload"),
    ("Microsoft.Security/pricings", "microsoft-defender-operator"),
)
"""The roles that a trusted access role binding can name, each by the type that it is for."""

NODE_SYSTEMS = (("Linux", True), ("Windows", True))
"""The systems of nodes, and whether there is an image of each with FIPS ("Enable FIPS for AKS node
pools")."""
