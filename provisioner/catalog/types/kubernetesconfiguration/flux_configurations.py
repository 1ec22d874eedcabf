"""Flux configurations: GitOps sources and kustomizations of a cluster.

Scope and namespace are fixed. Whoever can write the repository runs workloads in the cluster, so
sources and kustomizations are security settings. `complianceState: Non-Compliant` is reported as an
unhealthy state that no write of this resource repairs.

Facts: the template reference of `Microsoft.KubernetesConfiguration/fluxConfigurations` and "GitOps
Flux v2 configurations with AKS". No pinned SDK package has operations or models for them, so the
models are stated here, as Azure documents them; no traffic was recorded.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field, Health, Repair, UnhealthyState
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
_NUMBER = Shape(Kind.LONG)
_FLAG = Shape(Kind.BOOLEAN)
_TEXTS = Shape(Kind.MAP, item=_TEXT)
_SOURCES = ("gitRepository", "bucket", "azureBlob", "ociRepository")
_KUSTOMIZATIONS = "properties.kustomizations"


def _model(name: str, /, **shapes: Shape) -> Model:
    properties = {prop: Property(prop, shape) for prop, shape in shapes.items()}
    return Model(f"flux.{name}", properties)


def _object(name: str) -> Shape:
    return Shape(Kind.OBJECT, f"flux.{name}")


def _computed_values(
    _resource: ResourceId, _body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    return {"properties": {"provisioningState": "Succeeded", "complianceState": "Pending"}}


_SYNC = {"url": _TEXT, "timeoutInSeconds": _NUMBER, "syncIntervalInSeconds": _NUMBER}

TYPE = ResourceType(
    name="Microsoft.KubernetesConfiguration/fluxConfigurations",
    api_version=api_versions.FLUX_CONFIGURATIONS,
    sdk=None,
    rule=NameRule(
        r"[a-z0-9](?:[a-z0-9-]{0,28}[a-z0-9])?",
        "1 to 30 lower-case letters, digits and hyphens, with a letter or digit at both ends",
    ),
    scope=Scope.EXTENSION,
    lists=ListRead.RESOURCE,
    affects=("Microsoft.ContainerService/managedClusters",),
    taggable=False,
    seconds=60,
    loss=Disruption.CONNECTIONS,
    computed=_computed_values,
    adds="runs what a repository says in it",
    adds_by=tuple(f"properties.{source}.url" for source in _SOURCES),
    models=(
        _model(
            "FluxConfiguration",
            properties=_object("FluxConfigurationProperties"),
            systemData=Shape(Kind.ANY),
        ),
        _model(
            "FluxConfigurationProperties",
            scope=Shape(Kind.STRING, enum=("cluster", "namespace")),
            namespace=_TEXT,
            sourceKind=Shape(
                Kind.STRING, enum=("GitRepository", "Bucket", "AzureBlob", "OCIRepository")
            ),
            suspend=_FLAG,
            gitRepository=_object("GitRepository"),
            bucket=_object("Bucket"),
            azureBlob=_object("AzureBlob"),
            ociRepository=_object("OciRepository"),
            kustomizations=Shape(Kind.MAP, item=_object("Kustomization")),
            configurationProtectedSettings=_TEXTS,
            waitForReconciliation=_FLAG,
            reconciliationWaitDuration=_TEXT,
            statuses=Shape(Kind.ANY),
            repositoryPublicKey=_TEXT,
            sourceSyncedCommitId=_TEXT,
            sourceUpdatedAt=_TEXT,
            statusUpdatedAt=_TEXT,
            complianceState=_TEXT,
            provisioningState=_TEXT,
            errorMessage=_TEXT,
        ),
        _model(
            "GitRepository",
            **_SYNC,
            repositoryRef=_object("RepositoryRef"),
            sshKnownHosts=_TEXT,
            httpsUser=_TEXT,
            httpsCACert=_TEXT,
            localAuthRef=_TEXT,
            provider=_TEXT,
        ),
        _model(
            "Bucket", **_SYNC, bucketName=_TEXT, insecure=_FLAG, accessKey=_TEXT, localAuthRef=_TEXT
        ),
        _model(
            "AzureBlob",
            **_SYNC,
            containerName=_TEXT,
            servicePrincipal=Shape(Kind.ANY),
            accountKey=_TEXT,
            sasToken=_TEXT,
            managedIdentity=Shape(Kind.ANY),
            localAuthRef=_TEXT,
        ),
        _model(
            "OciRepository",
            **_SYNC,
            repositoryRef=Shape(Kind.ANY),
            layerSelector=Shape(Kind.ANY),
            verify=Shape(Kind.ANY),
            insecure=_FLAG,
            useWorkloadIdentity=_FLAG,
            serviceAccountName=_TEXT,
            tlsConfig=Shape(Kind.ANY),
            localAuthRef=_TEXT,
        ),
        _model("RepositoryRef", branch=_TEXT, tag=_TEXT, semver=_TEXT, commit=_TEXT),
        _model(
            "Kustomization",
            name=_TEXT,
            path=_TEXT,
            dependsOn=Shape(Kind.LIST, item=_TEXT),
            timeoutInSeconds=_NUMBER,
            syncIntervalInSeconds=_NUMBER,
            retryIntervalInSeconds=_NUMBER,
            prune=_FLAG,
            force=_FLAG,
            wait=_FLAG,
            postBuild=Shape(Kind.ANY),
        ),
    ),
    fields={
        **{
            f"properties.{name}": Field(read_only=True)
            for name in (
                "statuses",
                "repositoryPublicKey",
                "sourceSyncedCommitId",
                "sourceUpdatedAt",
                "statusUpdatedAt",
                "provisioningState",
                "errorMessage",
            )
        },
        # Pending until Flux reports first ("GitOps for Azure Kubernetes Service", compliance
        # state).
        "properties.complianceState": Field(
            read_only=True,
            security=True,
            health=Health(
                "Compliant",
                {
                    "non-compliant": UnhealthyState(
                        "Flux cannot apply what the repository holds (`properties.statuses` says "
                        "why)",
                        Repair.OTHERS,
                    )
                },
            ),
        ),
        "systemData": Field(read_only=True),
        "properties.scope": Field(default="cluster", create_only=True, security=True),
        "properties.namespace": Field(default="default", create_only=True, security=True),
        "properties.sourceKind": Field(compare=Compare.CASELESS, security=True),
        # A suspended configuration stops reverting changes in the cluster.
        "properties.suspend": Field(default=False, security=True),
        **{f"properties.{source}": Field(default=None, security=True) for source in _SOURCES},
        **{
            f"properties.{source}.{name}": Field(default=600)
            for source in _SOURCES
            for name in ("timeoutInSeconds", "syncIntervalInSeconds")
        },
        # Credentials of the sources, which GET does not answer.
        "properties.bucket.accessKey": Field(write_only=True, secret=True),
        "properties.azureBlob.accountKey": Field(write_only=True, secret=True),
        "properties.azureBlob.sasToken": Field(write_only=True, secret=True),
        "properties.bucket.insecure": Field(default=False, security=True),
        "properties.ociRepository.insecure": Field(default=False, security=True),
        "properties.configurationProtectedSettings": Field(write_only=True, secret=True),
        _KUSTOMIZATIONS: Field(default={}, security=True),
        # Azure repeats the key as a name.
        f"{_KUSTOMIZATIONS}[].name": Field(read_only=True),
        f"{_KUSTOMIZATIONS}[].path": Field(default="", security=True),
        f"{_KUSTOMIZATIONS}[].dependsOn": Field(default=(), compare=Compare.SET),
        f"{_KUSTOMIZATIONS}[].timeoutInSeconds": Field(default=600),
        f"{_KUSTOMIZATIONS}[].syncIntervalInSeconds": Field(default=600),
        f"{_KUSTOMIZATIONS}[].retryIntervalInSeconds": Field(default=None),
        f"{_KUSTOMIZATIONS}[].prune": Field(default=False),
        f"{_KUSTOMIZATIONS}[].force": Field(default=False),
        f"{_KUSTOMIZATIONS}[].wait": Field(default=True),
        "properties.waitForReconciliation": Field(default=False),
        "properties.reconciliationWaitDuration": Field(default=None, compare=Compare.DURATION),
    },
)
