"""The comparison on recorded pairs: what was PUT, and what Azure answered once it had settled.

The score of a type stands here once it is clean, and may not get worse.
"""

import re
import subprocess
import sys
from pathlib import Path

CLEAN = (
    "Microsoft.Authorization/locks",
    "Microsoft.Authorization/policyAssignments",
    "Microsoft.Authorization/policyDefinitions",
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.Authorization/roleDefinitions",
    "Microsoft.ContainerRegistry/registries",
    "Microsoft.ContainerService/managedClusters",
    "Microsoft.ContainerService/managedClusters/agentPools",
    "Microsoft.ContainerService/managedClusters/maintenanceConfigurations",
    "Microsoft.ContainerService/managedClusters/trustedAccessRoleBindings",
    "Microsoft.Insights/actionGroups",
    "Microsoft.Insights/activityLogAlerts",
    "Microsoft.Insights/dataCollectionEndpoints",
    "Microsoft.Insights/dataCollectionRules",
    "Microsoft.Insights/diagnosticSettings",
    "Microsoft.ManagedIdentity/userAssignedIdentities",
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
    "Microsoft.Network/azureFirewalls",
    "Microsoft.Network/bastionHosts",
    "Microsoft.Network/firewallPolicies",
    "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
    "Microsoft.Network/networkSecurityGroups",
    "Microsoft.Network/privateDnsZones",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    "Microsoft.Network/privateEndpoints",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
    "Microsoft.Network/publicIPAddresses",
    "Microsoft.Network/routeTables",
    "Microsoft.Network/virtualNetworks",
    "Microsoft.Network/virtualNetworks/subnets",
    "Microsoft.OperationalInsights/workspaces",
    "Microsoft.Resources/resourceGroups",
)


def score(corpus: Path, *types: str) -> dict[str, tuple[int, int]]:
    """Return (wrong, asked) of each figure, as the corpus's own script counts them."""
    azsec = f'{sys.executable} -c "from provisioner.cli import main; main()"'
    pattern = "|".join(f"{re.escape(name)}$" for name in types)
    script = [sys.executable, corpus / "score.py", corpus / "pairs"]
    options = ["--azsec", azsec, "--types", f"^({pattern})"]
    done = subprocess.run([*script, *options], capture_output=True, text=True, check=False)
    found = re.findall(r"^(\w+): (\d+) of (\d+)$", done.stdout, re.MULTILINE)
    assert found, done.stdout + done.stderr
    return {figure: (int(wrong), int(asked)) for figure, wrong, asked in found}


def test_clean_types_report_nothing_where_nothing_changed(corpus: Path) -> None:
    figures = score(corpus, *CLEAN)

    for figure in ("noise", "missed", "unseen"):
        wrong, asked = figures[figure]
        assert asked > 200
        assert wrong == 0, figure


def test_no_undeclared_move_off_a_default_is_overlooked(corpus: Path) -> None:
    wrong, asked = score(corpus, "Microsoft.KeyVault/vaults")["unseen"]

    assert asked > 0
    assert wrong == 0
