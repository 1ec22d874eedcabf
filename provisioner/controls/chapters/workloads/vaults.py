"""WRK-05: the vault that secrets lie in.

Facts: guidelines.md §1.3 and §2.8.
"""

from collections.abc import Iterator

from provisioner.controls.control import Control, Layer, Mappings, Severity
from provisioner.controls.exposure.private_endpoints import (
    CONNECTIONS,
    ENDPOINT_READS,
    is_linked,
    judge_strange_links,
)
from provisioner.controls.logs.diagnostic_settings import strange
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


def _judge_reach(vault: Subject) -> Iterator[Observation]:
    """The vault does not answer the internet. What a network security perimeter lets in is written
    in its profiles, which nobody here reads."""
    stated = vault.value(_PUBLIC)
    if str(stated).lower() == _PERIMETER:
        said = "publicNetworkAccess is SecuredByPerimeter, and what that lets in is not known here"
        yield vault.unknown(_PUBLIC, said)
    else:
        yield look(vault, _PUBLIC, equals("Disabled"))


def _judge_endpoint(vault: Subject) -> Iterator[Observation]:
    """A vault that is closed to the internet is reached through a private endpoint."""
    if is_linked(vault, "vault"):
        yield vault.passes("", "a private endpoint leads to it")
    else:
        yield vault.fails("", "no private endpoint leads to it")
    yield from judge_strange_links(vault)


def _judge_audit(vault: Subject) -> Iterator[Observation]:
    """Who read what from the vault is sent somewhere."""
    unseen, strangers = None, None
    for setting in vault.children(DIAGNOSTIC_SETTING):
        on = [entry for entry in setting.entries(_LOGS) if entry.get("enabled") is True]
        if not any(str(entry.get(key)).lower() == name for entry in on for key, name in _AUDIT):
            continue
        for path, kind in _DESTINATIONS.items():
            named = parse_resource_id(setting.value(path))
            if isinstance(setting.value(path), Unknown):
                unseen = unseen or f"{setting.label}: {path} is {setting.value(path)}"
            elif named is None or named.type.lower() != kind.lower():
                continue
            elif why := strange(setting, _keeper_of(named)):
                strangers = f"{setting.label} sends it to others: {why}"
            elif path != _WORKSPACE or setting.at(setting.value(path)) is not None:
                yield vault.passes("", f"{setting.label} sends its audit log to {named.name}")
                return
            else:
                unseen = f"{setting.label} sends it to {named.text}, which is not seen here"
    if unseen is not None:
        yield vault.unknown("", unseen)
    elif strangers is not None:
        yield vault.unknown("", strangers)
    else:
        yield vault.fails("", "no diagnostic setting sends its AuditEvent log anywhere")


def _keeper_of(named: ResourceId) -> ResourceId:
    """Return what keeps what is sent to a place: of an authorization rule, its namespace."""
    parent = named.parent
    return named if parent is None or parent.type.lower() != _EVENT_HUBS.lower() else parent


CONTROLS = (
    Control(
        id="WRK-05.1",
        title="The vault is reached from the network alone",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "A vault on the internet is one stolen token away from everybody. Trusted services of "
            "Azure come in all the same."
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
            rule(VAULT, _judge_reach, _PUBLIC),
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
            "That its name leads to the endpoint is for the proof of private services. Services "
            "that Azure trusts come in all the same, and are told apart by roles alone."
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
        title="Azure RBAC decides who may read the vault",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale=(
            "With access policies, whoever may change the vault can let themselves in. Roles need "
            "another right, can be given for a time, and for one secret."
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
        limits="Whom the roles let in is for WRK-05.4 and `azsec access`.",
        mappings=Mappings(
            policies=("12d4fa5e-1f9f-4c21-97a9-b99b3c6611b5",), psrule=("Azure.KeyVault.RBAC",)
        ),
    ),
    Control(
        id="WRK-05.3",
        title="Nobody can delete secrets for good",
        severity=Severity.HIGH,
        layer=Layer.DATA,
        item=ITEM,
        rationale=(
            "A key that is purged takes with it all that it encrypts. With purge protection, what "
            "was deleted comes back for 90 days."
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
            "What is written over is not deleted: earlier versions stay until somebody deletes "
            "them. Backups outside of the vault are not seen."
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
        title="Who read which secret is logged",
        severity=Severity.HIGH,
        layer=Layer.AUDIT,
        item=ITEM,
        rationale="Without the log nobody can say which secrets an intruder has.",
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
            "What becomes of the log in a storage account or an event hub is not seen. How long a "
            "workspace keeps it is for MON-05, and who is told for MON-06."
        ),
        mappings=Mappings(
            policies=("cf820ca0-f99e-4f3e-84fb-66e913812d21",), psrule=("Azure.KeyVault.Logs",)
        ),
    ),
)
