"""WRK-01.4 and WRK-01.5: the registry that images lie in, and who may take them out.

Facts: guidelines.md §0.10, §1.3 and §2.5.
"""

from collections.abc import Iterator

from provisioner.catalog.built_in_roles import find_built_in_role
from provisioner.controls.control import Control, Layer, Mappings, Severity
from provisioner.controls.kinds import CLUSTER, IDENTITY, REGISTRY, ROLE_ASSIGNMENT
from provisioner.controls.rule import expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.controls.wanted import equals
from provisioner.model.values import Unknown, lookup

_ITEM = "Image scanning in Azure Container Registry, ValidatingAdmissionWebhook and third parties"
_MODE = "properties.roleAssignmentMode"
_KUBELET = "properties.identityProfile.kubeletidentity"
_PRINCIPAL = "properties.principalId"
_ROLE = "properties.roleDefinitionId"
_PULL = {
    "legacyregistrypermissions": "AcrPull",
    # A registry in repository mode ignores AcrPull (guidelines.md §0.10).
    "abacrepositorypermissions": "Container Registry Repository Reader",
}


def _is_kubelet(cluster: Subject, principal: object) -> bool:
    """Tell whether a principal is what a cluster's nodes sign in as."""
    kubelet = cluster.value(_KUBELET)
    identity = cluster.at(lookup(kubelet, ("resourceId",)))
    if identity is not None and identity.is_value_of(principal, _PRINCIPAL):
        return True
    stated = lookup(kubelet, ("objectId",))
    if isinstance(stated, Unknown) or isinstance(principal, Unknown):
        return isinstance(stated, Unknown) and stated == principal
    return isinstance(stated, str) and stated.lower() == str(principal).lower()


def _judge_pull(registry: Subject) -> Iterator[Observation]:
    """The nodes of a cluster pull from the registry, and can do nothing else to it."""
    clusters = registry.all(CLUSTER)
    if not clusters:
        return
    role = _PULL.get(str(registry.value(_MODE)).lower(), "AcrPull")
    pulls = False
    for grant in registry.all(ROLE_ASSIGNMENT):
        scope = grant.id.scope
        if scope is None or not registry.id.is_within(scope):
            continue
        if not any(_is_kubelet(cluster, grant.value(_PRINCIPAL)) for cluster in clusters):
            continue
        given = str(grant.value(_ROLE)).rpartition("/")[2].lower()
        if scope != registry.id:
            yield registry.fails("", f"{grant.label} gives nodes more than this registry")
        elif given != find_built_in_role(role):
            yield registry.fails("", f"{grant.label} gives nodes another role than {role}")
        else:
            pulls = True
    if pulls:
        yield registry.passes("", f"nodes have the role {role}")
    else:
        yield registry.fails("", f"no cluster's nodes have the role {role} on it")


CONTROLS = (
    Control(
        id="WRK-01.4",
        title="The registry is private and gives nothing away",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "Whoever writes to the registry runs code in the cluster. Whoever reads it has the "
            "company's software."
        ),
        remediation="""
            registry:
              type: Microsoft.ContainerRegistry/registries
              sku: {name: Premium}
              properties:
                adminUserEnabled: false
                anonymousPullEnabled: false
                publicNetworkAccess: Disabled
                networkRuleSet: {defaultAction: Deny}
                dataEndpointEnabled: true
                policies: {exportPolicy: {status: disabled}}
        """,
        rules=(
            expect(REGISTRY, "sku.name", equals("Premium")),
            expect(REGISTRY, "properties.adminUserEnabled", equals(False)),
            expect(REGISTRY, "properties.anonymousPullEnabled", equals(False)),
            expect(REGISTRY, "properties.publicNetworkAccess", equals("Disabled")),
            expect(REGISTRY, "properties.networkRuleSet.defaultAction", equals("Deny")),
            expect(REGISTRY, "properties.dataEndpointEnabled", equals(True)),
            expect(REGISTRY, "properties.policies.exportPolicy.status", equals("disabled")),
        ),
        limits=(
            "Who may push is for WRK-01.5 and `azsec access`; tokens of the registry are "
            "listed by drift."
        ),
        mappings=Mappings(
            policies=(
                "dc921057-6b28-4fbe-9b83-f7bec05db6c2",
                "9f2dea28-e834-476c-99c5-3507b4728395",
                "0fdf0491-d080-4575-b627-ad0e843cba0f",
                "d0793b48-0edc-4296-a390-4c75d1bdfd71",
                "524b0254-c285-4903-bee6-bb8126cde579",
                "bd560fc0-3c69-498a-ae9f-aa8eb7de0e13",
            ),
            checkov=(
                "CKV_AZURE_137",
                "CKV_AZURE_138",
                "CKV_AZURE_139",
                "CKV_AZURE_237",
                "CKV_AZURE_166",
                "CKV_AZURE_233",
            ),
            psrule=("Azure.ACR.AdminUser", "Azure.ACR.AnonymousAccess", "Azure.ACR.Firewall"),
        ),
    ),
    Control(
        id="WRK-01.5",
        title="Nodes pull by their own identity, and can do nothing else",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "A pull secret in a namespace is a password that nobody rotates. An identity that may "
            "push lets a broken node change what all others run."
        ),
        remediation="""
            puller:
              type: Microsoft.Authorization/roleAssignments
              name: 0f2b1c3d-5a6e-4f70-8192-a3b4c5d6e7f8
              scope: ${registry.id}
              properties:
                roleDefinitionId: ${subscription}/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d
                principalId: 22222222-2222-2222-2222-222222222222
                principalType: ServicePrincipal
        """,  # noqa: E501
        rules=(
            rule(
                REGISTRY,
                _judge_pull,
                _MODE,
                others={
                    CLUSTER: (_KUBELET,),
                    IDENTITY: (_PRINCIPAL,),
                    ROLE_ASSIGNMENT: (_PRINCIPAL, _ROLE),
                },
            ),
        ),
        limits="Pull secrets inside the cluster are the cluster's to show.",
        mappings=Mappings(
            cis=("5.1.2", "5.1.3"), policies=("12db3749-7e03-4b9f-b443-d37d3fb9f8d9",)
        ),
    ),
)
