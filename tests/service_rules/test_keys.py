"""Who may use the key of a cluster: known where the plan makes the identity, or Azure has all."""

from typing import Any

import pytest

from provisioner.documents.apply import Outcome
from provisioner.documents.plan import Action
from tests.environments import Bench
from tests.service_rules.verdicts import compose

VERSION = "0123456789abcdef0123456789abcdef"
RESOURCES: dict[str, Any] = {
    "me": {"type": "Microsoft.ManagedIdentity/userAssignedIdentities", "name": "id-aks"},
    "kv": {
        "type": "Microsoft.KeyVault/vaults",
        "name": "kv-keys-of-aks",
        "properties": {
            "tenantId": "${environment.tenantId}",
            "sku": {"family": "A", "name": "standard"},
            "enableRbacAuthorization": True,
            "enablePurgeProtection": True,
        },
    },
    "aks": {
        "type": "Microsoft.ContainerService/managedClusters",
        "name": "aks",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": "${{me.id: {}}}"},
        "properties": {
            "dnsPrefix": "aks",
            "agentPoolProfiles": [
                {"name": "sys", "mode": "System", "count": 1, "vmSize": "Standard_D2ds_v5"}
            ],
            "securityProfile": {
                "azureKeyVaultKms": {
                    "enabled": True,
                    "keyId": f"https://kv-keys-of-aks.vault.azure.net/keys/etcd/{VERSION}",
                }
            },
        },
    },
}


def grant(role: str, scope: str = "${kv.id}", principal: str = "me") -> dict[str, Any]:
    return {
        "type": "Microsoft.Authorization/roleAssignments",
        "name": "${guid(kv.id, me.id)}",
        "scope": scope,
        "properties": {
            "roleDefinitionId": f"${{roleDefinitionId(kv.id, '{role}')}}",
            "principalId": f"${{{principal}.properties.principalId}}",
            "principalType": "ServicePrincipal",
        },
    }


OTHER = {"type": "Microsoft.ManagedIdentity/userAssignedIdentities", "name": "id-other"}
KEY = {
    "type": "Microsoft.KeyVault/vaults/keys",
    "parent": "${kv.id}",
    "name": "etcd",
    "properties": {"kty": "RSA", "keySize": 2048},
}
ROWS = [
    pytest.param({}, True, id="no role at all"),
    pytest.param({"g": grant("Key Vault Crypto User")}, False, id="the role of the documentation"),
    pytest.param(
        {"g": grant("Key Vault Crypto User", "${resourceGroups.main.id}")}, False, id="above it"
    ),
    pytest.param(
        {"key": KEY, "g": grant("Key Vault Crypto User", "${key.id}")},
        False,
        id="at the key alone (learn.microsoft.com/azure/key-vault/general/rbac-guide)",
    ),
    pytest.param(
        {"key": {**KEY, "name": "other"}, "g": grant("Key Vault Crypto User", "${key.id}")},
        True,
        id="at another key",
    ),
    pytest.param(
        {"g": grant("Key Vault Crypto Service Encryption User")},
        True,
        id="a role that wraps and unwraps alone (MicrosoftDocs/azure-docs#98954)",
    ),
    pytest.param(
        {"other": OTHER, "g": grant("Key Vault Crypto User", principal="other")},
        True,
        id="the role of another identity",
    ),
    pytest.param(
        {"me": {**RESOURCES["me"], "existing": True}}, False, id="others may have given it"
    ),
]


@pytest.mark.parametrize(("more", "refused"), ROWS)
def test_a_plan_sees_who_may_use_the_key(more: Any, refused: bool, bench: Bench) -> None:
    resources = {**RESOURCES, **more}
    aks = {**RESOURCES["aks"], **({"dependsOn": ["g"]} if "g" in more else {})}
    if more.get("me"):
        bench.apply(bench.plan(compose({"me": RESOURCES["me"]}, bench.catalog)))
    desired = compose({**resources, "aks": aks}, bench.catalog)

    planned = bench.plan(desired).document

    blocked = [c.reason or "" for c in planned.changes if c.action is Action.BLOCKED]
    assert any("AzureKeyVaultKmsValidateIdentity" in reason for reason in blocked) is refused


def test_the_built_in_azure_takes_a_cluster_whose_identity_may(bench: Bench) -> None:
    made = {**RESOURCES, "g": grant("Key Vault Crypto User")}
    made["aks"] = {**RESOURCES["aks"], "dependsOn": ["g"]}

    applied = bench.apply(bench.plan(compose(made, bench.catalog)))

    assert {step.outcome for step in applied.steps} == {Outcome.SUCCEEDED}
