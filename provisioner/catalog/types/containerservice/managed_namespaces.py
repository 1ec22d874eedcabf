"""Managed namespaces: Kubernetes namespaces that Azure Resource Manager keeps.

With `deletePolicy: Keep` the Kubernetes namespace outlives the resource; with `Delete` all in it
goes. Roles assigned at the managed namespace and at the Kubernetes namespace of the same name both
apply.

Facts: guidelines.md CLU-05 and §3.6, and the AKS page managed-namespaces. No traffic was recorded:
the operations are those of the SDK.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    ComputationContext,
    ListRead,
    NameRule,
    ResourceType,
    SdkModel,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, lookup


def _computed_values(
    resource: ResourceId, _body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    cluster = context.lookup(resource.parent.text) if resource.parent else None
    portal = lookup(cluster, ("properties", "azurePortalFQDN"))
    return {"properties": {"portalFqdn": portal} if isinstance(portal, str) else {}}


TYPE = ResourceType(
    name="Microsoft.ContainerService/managedClusters/managedNamespaces",
    api_version=api_versions.CONTAINER_SERVICE,
    sdk=SdkModel("azure.mgmt.containerservice", "ManagedNamespace"),
    # Kubernetes reserves the prefix, and AKS refuses to manage system namespaces.
    rule=NameRule(
        r"(?!kube-)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
        "1 to 63 small letters, digits and hyphens, starting and ending with a letter or digit, "
        "and not with kube-",
    ),
    lists=ListRead.PARENT,
    serialise_on="",
    flat_errors=True,
    seconds=15,
    # With deletePolicy Keep the Kubernetes namespace stays; with Delete all in it goes.
    loss=Disruption.DATA,
    codes=RefusalCodes(not_found="NotFound", busy="OperationNotAllowed"),
    computed=_computed_values,
    adds="makes a namespace in it",
    access_twin="namespaces",
    fields={
        # The pod security standard is a label (guidelines.md CLU-05.5). Kubernetes keys are
        # case-sensitive ("Labels and Selectors").
        "properties.labels": Field(default={}, compare=Compare.VERBATIM, security=True),
        "properties.annotations": Field(default={}, compare=Compare.VERBATIM, security=True),
        "properties.defaultResourceQuota": Field(default=None, security=True),
        "properties.defaultNetworkPolicy": Field(default={}, security=True),
        "properties.defaultNetworkPolicy.ingress": Field(
            default="AllowSameNamespace", security=True
        ),
        "properties.defaultNetworkPolicy.egress": Field(default="AllowAll", security=True),
        # Never makes a create fail where the Kubernetes namespace exists already.
        "properties.adoptionPolicy": Field(default="Never"),
        "properties.deletePolicy": Field(default="Keep"),
    },
)
