"""WRK-05: network exposure, permission model, deletion protection and audit logs of Key Vault.

Facts: guidelines.md §1.3 and §2.8.
"""

from collections.abc import Iterator

from provisioner.controls.control import Control, Layer, Mappings, Severity, terms
from provisioner.controls.exposure.private_endpoints import (
    CONNECTIONS,
    ENDPOINT_READS,
    is_linked,
    judge_outside_connections,
)
from provisioner.controls.logs.diagnostic_settings import why_outside
from provisioner.controls.predicates import at_least, equals, is_unset
from provisioner.controls.resource_types import (
    DIAGNOSTIC_SETTING,
    NETWORK,
    PRIVATE_ENDPOINT,
    STORAGE_ACCOUNT,
    VAULT,
    WORKSPACE,
)
from provisioner.controls.rule import expect, look, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Unknown

ITEM = "Maintaining secrets in HashiCorp Vault, Azure Key Vault, Azure KMS plugin"
_PUBLIC = "properties.publicNetworkAccess"
_PERIMETER = "securedbyperimeter"
_ACLS = "properties.networkAcls"
_LOGS = "properties.logs"
_WORKSPACE = "properties.workspaceId"
_EVENT_HUBS = "Microsoft.EventHub/namespaces"
_DESTINATIONS = {
    _WORKSPACE: WORKSPACE,
    "properties.storageAccountId": STORAGE_ACCOUNT,
    "properties.eventHubAuthorizationRuleId": f"{_EVENT_HUBS}/authorizationRules",
}
_AUDIT = (("category", "auditevent"), ("categoryGroup", "audit"), ("categoryGroup", "alllogs"))


def _judge_public_access(vault: Subject) -> Iterator[Observation]:
    """Judge whether a vault does not answer the internet.

    What a network security perimeter lets in is written in its profiles, which nobody here reads.
    """
    stated = vault.value(_PUBLIC)
    # SecuredByPerimeter makes the perimeter's access rules replace networkAcls.
    if str(stated).lower() == _PERIMETER:
        evidence = (
            "publicNetworkAccess is SecuredByPerimeter, and the access rules of the perimeter "
            "are not read"
        )
        yield vault.unknown(_PUBLIC, evidence)
    else:
        yield look(vault, _PUBLIC, equals("Disabled"))


def _judge_endpoint(vault: Subject) -> Iterator[Observation]:
    """Judge whether a vault that is closed to the internet has a private endpoint."""
    if is_linked(vault, "vault"):
        yield vault.passes("", "a private endpoint is connected to it")
    else:
        yield vault.fails("", "no private endpoint in the environment is connected to it")
    yield from judge_outside_connections(vault)


def _judge_audit(vault: Subject) -> Iterator[Observation]:
    """Judge whether a diagnostic setting sends the audit log of a vault to a destination."""
    unverified, outside = None, None
    for setting in vault.children(DIAGNOSTIC_SETTING):
        # A category can be named by itself or by a group that holds it; both are lists in which
        # entries are switched on and off.
        on = [entry for entry in setting.entries(_LOGS) if entry.get("enabled") is True]
        if not any(str(entry.get(key)).lower() == name for entry in on for key, name in _AUDIT):
            continue
        for path, kind in _DESTINATIONS.items():
            named = parse_resource_id(setting.value(path))
            if isinstance(setting.value(path), Unknown):
                unverified = unverified or f"{setting.label}: {path} is {setting.value(path)}"
            elif named is None or named.type.lower() != kind.lower():
                continue
            # The setting works, and what it sends is outside the reach of this environment:
            # unknown, not wrong.
            elif why := why_outside(setting, _owner_of_destination(named)):
                outside = f"{setting.label} sends it outside the environment: {why}"
            # Storage accounts and event hubs are not in the catalog; a workspace of the
            # environment can be looked up.
            elif path != _WORKSPACE or setting.at(setting.value(path)) is not None:
                yield vault.passes("", f"{setting.label} sends its audit log to {named.name}")
                return
            else:
                unverified = (
                    f"{setting.label} sends it to {named.text}, which is not in the environment"
                )
    if unverified is not None:
        yield vault.unknown("", unverified)
    elif outside is not None:
        yield vault.unknown("", outside)
    else:
        yield vault.fails("", "no diagnostic setting sends its AuditEvent log to a destination")


def _owner_of_destination(named: ResourceId) -> ResourceId:
    """Return what keeps what is sent to a place: of an authorization rule, its namespace."""
    parent = named.parent
    return named if parent is None or parent.type.lower() != _EVENT_HUBS.lower() else parent


CONTROLS = (
    Control(
        id="WRK-05.1",
        title="Key Vault is reachable through a private endpoint only (publicNetworkAccess)",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "If the vault is reachable from the internet, one stolen token exposes its "
            "secrets. Trusted Azure services bypass the network rules."
        ),
        synonyms=terms(
            "Key Vault firewall; private endpoint; publicNetworkAccess; networkAcls; AKV"
        ),
        remediation="""
            vault:
              type: Microsoft.KeyVault/vaults
              properties:
                publicNetworkAccess: Disabled
                networkAcls:
                  {defaultAction: Deny, bypass: AzureServices, ipRules: [], virtualNetworkRules: []}
            endpoint:
              type: Microsoft.Network/privateEndpoints
              properties:
                privateLinkServiceConnections:
                  - name: vault
                    properties: {privateLinkServiceId: "${vault.id}", groupIds: [vault]}
        """,
        rules=(
            rule(VAULT, _judge_public_access, _PUBLIC),
            expect(VAULT, f"{_ACLS}.defaultAction", equals("Deny")),
            expect(VAULT, f"{_ACLS}.ipRules", is_unset()),
            expect(VAULT, f"{_ACLS}.virtualNetworkRules", is_unset()),
            rule(
                VAULT,
                _judge_endpoint,
                CONNECTIONS,
                others={PRIVATE_ENDPOINT: ENDPOINT_READS, NETWORK: ()},
            ),
        ),
        limits=(
            "Name resolution is checked by the proof `private services`. Trusted Azure "
            "services bypass the network rules and are restricted by roles only."
        ),
        mappings=Mappings(
            policies=(
                "405c5871-3e91-4644-8a63-58e19d68ff5b",
                "55615ac9-af46-4a59-874e-391cc3dfb490",
                "a6abeaec-4d90-4a02-805f-6b26c4d3fbe9",
            ),
            checkov=("CKV_AZURE_189", "CKV_AZURE_109"),
            psrule=("Azure.KeyVault.Firewall",),
        ),
    ),
    Control(
        id="WRK-05.2",
        title="Key Vault uses the Azure RBAC permission model (enableRbacAuthorization)",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale=(
            "With access policies, anyone who can write the vault can grant themselves "
            "access. Azure RBAC separates both and supports assignments per secret and "
            "time limits (PIM)."
        ),
        synonyms=terms(
            "access policies; enableRbacAuthorization; Key Vault RBAC; vault permissions; AKV"
        ),
        remediation="""
            vault:
              type: Microsoft.KeyVault/vaults
              properties: {enableRbacAuthorization: true, accessPolicies: []}
        """,
        rules=(
            expect(VAULT, "properties.enableRbacAuthorization", equals(True)),
            expect(VAULT, "properties.accessPolicies", is_unset()),
            # Whoever may deploy templates or machines reads secrets by it, without a role on data
            # (page "Use Azure Key Vault to pass secure parameter value during deployment").
            expect(VAULT, "properties.enabledForTemplateDeployment", equals(False)),
            expect(VAULT, "properties.enabledForDeployment", equals(False)),
        ),
        limits="Role assignments on the vault are checked by WRK-05.4 and `azsec access`.",
        mappings=Mappings(
            policies=("12d4fa5e-1f9f-4c21-97a9-b99b3c6611b5",), psrule=("Azure.KeyVault.RBAC",)
        ),
    ),
    Control(
        id="WRK-05.3",
        title="Key Vault soft delete and purge protection are enabled",
        severity=Severity.HIGH,
        layer=Layer.DATA,
        item=ITEM,
        rationale=(
            "A purged key makes all data encrypted with it unreadable. Purge protection "
            "keeps deleted vaults and keys recoverable for 90 days."
        ),
        synonyms=terms(
            "soft delete; purge protection; enablePurgeProtection; enableSoftDelete; deletion; "
            "AKV; ransomware"
        ),
        remediation="""
            vault:
              type: Microsoft.KeyVault/vaults
              properties: {enablePurgeProtection: true, softDeleteRetentionInDays: 90}
        """,
        rules=(
            expect(VAULT, "properties.enablePurgeProtection", equals(True)),
            expect(VAULT, "properties.softDeleteRetentionInDays", at_least(90)),
        ),
        limits=(
            "Overwriting is not deletion: earlier versions remain until they are deleted. "
            "Backups outside the vault are not visible."
        ),
        mappings=Mappings(
            policies=(
                "0b60c0b2-2dc2-4e1c-b5c9-abbed971de53",
                "1e66c121-a66a-4b1f-9b83-0fd99bf0fc2d",
            ),
            checkov=("CKV_AZURE_110", "CKV_AZURE_111", "CKV_AZURE_42"),
            psrule=("Azure.KeyVault.PurgeProtect",),
        ),
    ),
    Control(
        id="WRK-05.5",
        title="Key Vault audit logging is enabled (AuditEvent)",
        severity=Severity.HIGH,
        layer=Layer.AUDIT,
        item=ITEM,
        rationale="Without the AuditEvent log, secrets read by an attacker cannot be identified.",
        synonyms=terms(
            "audit log; AuditEvent; Key Vault logs; diagnostic settings; secret access log"
        ),
        remediation="""
            logs:
              type: Microsoft.Insights/diagnosticSettings
              scope: ${vault.id}
              properties:
                workspaceId: ${workspace.id}
                logs: [{category: AuditEvent, enabled: true}]
        """,
        rules=(
            rule(
                VAULT,
                _judge_audit,
                others={
                    DIAGNOSTIC_SETTING: (_LOGS, *_DESTINATIONS),
                    WORKSPACE: (),
                    STORAGE_ACCOUNT: (),
                    _EVENT_HUBS: (),
                },
            ),
        ),
        limits=(
            "Handling of the log in a storage account or an event hub is not visible. "
            "Workspace retention is checked by MON-05, alerts by MON-06."
        ),
        mappings=Mappings(
            policies=("cf820ca0-f99e-4f3e-84fb-66e913812d21",), psrule=("Azure.KeyVault.Logs",)
        ),
    ),
)
