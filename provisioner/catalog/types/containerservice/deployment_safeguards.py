"""Deployment safeguards of a cluster: best practices and pod security standards at admission.

The Azure Policy add-on enforces them, so the cluster has to have it. AKS excludes the system
namespaces whatever the body says.

Facts: guidelines.md WRK-02.3 and the AKS page deployment-safeguards. No pinned SDK package has
operations or models for them (guidelines.md §0.1), so the models are stated here, as Azure
documents them; no traffic was recorded.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    ComputationContext,
    ListRead,
    NameRule,
    ResourceType,
    Scope,
)
from provisioner.catalog.schema import Kind, Model, Property, Shape
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json

_TEXT = Shape(Kind.STRING)
_TEXTS = Shape(Kind.LIST, item=_TEXT)
_LEVELS = Shape(Kind.STRING, enum=("Warn", "Enforce"))
_STANDARDS = Shape(Kind.STRING, enum=("Privileged", "Baseline", "Restricted"))
_PROPERTIES = "safeguards.DeploymentSafeguardsProperties"
# AKS excludes these whatever the body states (the AKS page deployment-safeguards).
_SYSTEM = ("kube-system", "calico-system", "tigera-system", "gatekeeper-system")


def _computed_values(
    _resource: ResourceId, _body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    return {"properties": {"systemExcludedNamespaces": list(_SYSTEM)}}


TYPE = ResourceType(
    name="Microsoft.ContainerService/deploymentSafeguards",
    api_version=api_versions.DEPLOYMENT_SAFEGUARDS,
    sdk=None,
    rule=NameRule(r"\w+", "default", fixed=("default",)),
    scope=Scope.EXTENSION,
    lists=ListRead.RESOURCE,
    taggable=False,
    seconds=30,
    loss=Disruption.NONE,
    models=(
        Model(
            "safeguards.DeploymentSafeguard",
            {
                "eTag": Property("eTag", _TEXT, read_only=True),
                "properties": Property("properties", Shape(Kind.OBJECT, _PROPERTIES)),
            },
        ),
        Model(
            _PROPERTIES,
            {
                "level": Property("level", _LEVELS, required=True),
                "podSecurityStandardsLevel": Property("podSecurityStandardsLevel", _STANDARDS),
                "excludedNamespaces": Property("excludedNamespaces", _TEXTS),
                "systemExcludedNamespaces": Property(
                    "systemExcludedNamespaces", _TEXTS, read_only=True
                ),
                "provisioningState": Property("provisioningState", _TEXT, read_only=True),
            },
        ),
    ),
    computed=_computed_values,
    harmless="it only adds checks to what is deployed to the cluster",
    fields={
        # Warn admits what Enforce refuses: a silent change is a weaker cluster.
        "properties.level": Field(security=True),
        "properties.podSecurityStandardsLevel": Field(default="Privileged", security=True),
        "properties.excludedNamespaces": Field(default=(), compare=Compare.SET, security=True),
    },
)
