"""Cluster extensions: software that Azure installs and upgrades in a cluster.

Azure upgrades the minor version unless `autoUpgradeMinorVersion` is off: the version then belongs
to the service and is not planned back. Settings are Helm values, whose keys are case-sensitive.
Without a release namespace Azure fills in that of the extension type.

Facts: the template reference of `Microsoft.KubernetesConfiguration/extensions`, "Cluster extensions
for AKS", and conversations recorded beside those of other types. No pinned SDK package has
operations or models for them, so the models are stated here, as Azure documents them.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field, Owner
from provisioner.catalog.resource_type import (
    ComputationContext,
    ListRead,
    NameRule,
    ResourceType,
    Scope,
)
from provisioner.catalog.schema import Kind, Model, Property, Shape
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, lookup

_TEXT = Shape(Kind.STRING)
_TEXTS = Shape(Kind.MAP, item=_TEXT)


def _model(name: str, /, **shapes: Shape) -> Model:
    properties = {prop: Property(prop, shape) for prop, shape in shapes.items()}
    return Model(f"extensions.{name}", properties)


def _object(name: str) -> Shape:
    return Shape(Kind.OBJECT, f"extensions.{name}")


def _owner_of_version(body: Body) -> Owner:
    """Return the service as owner unless automatic upgrades are switched off."""
    upgrades = lookup(body, ("properties", "autoUpgradeMinorVersion")) is not False
    return Owner.SERVICE if upgrades else Owner.BLUEPRINT


def _computed_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    kind = str(lookup(body, ("properties", "extensionType")))
    return {
        "properties": {
            "isSystemExtension": False,
            "provisioningState": "Succeeded",
            "aksAssignedIdentity": {"principalId": context.guid(resource.text, kind)},
        }
    }


TYPE = ResourceType(
    name="Microsoft.KubernetesConfiguration/extensions",
    api_version=api_versions.KUBERNETES_EXTENSIONS,
    sdk=None,
    rule=NameRule(
        r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?",
        "1 to 253 lower-case letters, digits, periods and hyphens, with a letter or digit at both "
        "ends",
    ),
    scope=Scope.EXTENSION,
    lists=ListRead.RESOURCE,
    affects=("Microsoft.ContainerService/managedClusters",),
    taggable=False,
    seconds=120,
    loss=Disruption.CONNECTIONS,
    computed=_computed_values,
    adds="runs software in it",
    adds_by=("properties.extensionType",),
    models=(
        _model(
            "Extension",
            properties=_object("ExtensionProperties"),
            identity=_object("Identity"),
            plan=_object("Plan"),
            systemData=Shape(Kind.ANY),
        ),
        _model("Identity", type=Shape(Kind.STRING, enum=("SystemAssigned",))),
        _model(
            "Plan", name=_TEXT, publisher=_TEXT, product=_TEXT, promotionCode=_TEXT, version=_TEXT
        ),
        _model(
            "ExtensionProperties",
            extensionType=_TEXT,
            autoUpgradeMinorVersion=Shape(Kind.BOOLEAN),
            releaseTrain=_TEXT,
            version=_TEXT,
            scope=_object("Scope"),
            configurationSettings=_TEXTS,
            configurationProtectedSettings=_TEXTS,
            aksAssignedIdentity=_object("AssignedIdentity"),
            currentVersion=_TEXT,
            statuses=Shape(Kind.ANY),
            errorInfo=Shape(Kind.ANY),
            customLocationSettings=_TEXTS,
            packageUri=_TEXT,
            isSystemExtension=Shape(Kind.BOOLEAN),
            provisioningState=_TEXT,
        ),
        _model("Scope", cluster=_object("ScopeCluster"), namespace=_object("ScopeNamespace")),
        _model("ScopeCluster", releaseNamespace=_TEXT),
        _model("ScopeNamespace", targetNamespace=_TEXT),
        _model(
            "AssignedIdentity",
            type=Shape(Kind.STRING, enum=("SystemAssigned", "UserAssigned")),
            principalId=_TEXT,
            tenantId=_TEXT,
        ),
    ),
    fields={
        **{
            f"properties.{name}": Field(read_only=True)
            for name in (
                "currentVersion",
                "statuses",
                "errorInfo",
                "customLocationSettings",
                "packageUri",
                "isSystemExtension",
                "provisioningState",
                "aksAssignedIdentity.principalId",
                "aksAssignedIdentity.tenantId",
            )
        },
        "systemData": Field(read_only=True),
        "plan": Field(default=None, create_only=True),
        "properties.extensionType": Field(
            compare=Compare.CASELESS, create_only=True, security=True
        ),
        "properties.autoUpgradeMinorVersion": Field(default=True, security=True),
        "properties.releaseTrain": Field(default="Stable", compare=Compare.CASELESS),
        "properties.version": Field(
            default=None, owner=_owner_of_version, compare=Compare.VERSION, security=True
        ),
        "properties.scope": Field(create_only=True),
        # Helm values, whose keys are case-sensitive.
        "properties.configurationSettings": Field(
            default={}, compare=Compare.VERBATIM, security=True
        ),
        "properties.configurationSettings[]": Field(security=True),
        # Azure answers the keys with empty values.
        "properties.configurationProtectedSettings": Field(write_only=True, secret=True),
        "properties.aksAssignedIdentity": Field(default={}),
        "properties.aksAssignedIdentity.type": Field(default="SystemAssigned"),
    },
)
