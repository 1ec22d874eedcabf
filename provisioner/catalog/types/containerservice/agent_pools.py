"""Node pools of a cluster. Facts: guidelines.md §2.2, §2.7 and §3.6, and the recorded pairs.

A cluster's body holds its pools too (agentPoolProfiles): what is known here is known there.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions, cluster_changes
from provisioner.catalog.field import Compare, Disruption, Field, Owner
from provisioner.catalog.kubernetes_versions import running_version
from provisioner.catalog.pool_rotation import NODE_POOL
from provisioner.catalog.refusals import RefusalCodes
from provisioner.catalog.resource_type import (
    ListRead,
    NameRule,
    ResourceType,
    SdkModel,
    Surroundings,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import ABSENT, Absent, Body, Json, lookup


def _computed(_resource: ResourceId, body: Body, _around: Surroundings) -> Mapping[str, Json]:
    stated = lookup(body, ("properties", "orchestratorVersion"))
    version = running_version(stated if isinstance(stated, str) else None)
    return {
        "properties": {
            "orchestratorVersion": stated if isinstance(stated, str) else version,
            "currentOrchestratorVersion": version,
            "powerState": {"code": "Running"},
        }
    }


def _count_owner(body: Body) -> Owner:
    """How many nodes there are is the autoscaler's business wherever it runs.

    The body is a pool's, or a cluster's, which is asked for all of its pools at once.
    """
    profiles = lookup(body, ("properties", "agentPoolProfiles"))
    pools = profiles if isinstance(profiles, (list, tuple)) else [body.get("properties")]
    scaled = any(lookup(pool, ("enableAutoScaling",)) is True for pool in pools)
    return Owner.AUTOSCALER if scaled else Owner.BLUEPRINT


def _disk_owner(body: Body) -> Owner:
    """Zero asks for the size that goes with the machine, and Azure answers with that."""
    asked = lookup(body, ("properties", "osDiskSizeGB"))
    return Owner.SERVICE if asked == 0 else Owner.BLUEPRINT


def _default_image(body: Body) -> Json | Absent:
    """Which Windows a pool gets depends on the Kubernetes version."""
    system = lookup(body, ("properties", "osType"))
    return ABSENT if str(system).lower() == "windows" else "Ubuntu"


TYPE = ResourceType(
    name="Microsoft.ContainerService/managedClusters/agentPools",
    api_version=api_versions.CONTAINER_SERVICE,
    sdk=SdkModel("azure.mgmt.containerservice", "AgentPool"),
    rule=NameRule(
        r"[a-z][a-z0-9]{0,11}", "1 to 12 small letters and digits, starting with a letter"
    ),
    lists=ListRead.PARENT,
    taggable=False,
    etag=True,
    serialise_on="",
    flat_errors=True,
    seconds=180,
    loss=Disruption.NODES,
    rotation=NODE_POOL,
    codes=RefusalCodes(not_found="NotFound", busy="OperationNotAllowed"),
    computed=_computed,
    fields={
        "properties.count": Field(owner=_count_owner),
        "properties.enableAutoScaling": Field(default=False),
        "properties.minCount": Field(default=None),
        "properties.maxCount": Field(default=None),
        "properties.mode": Field(default="User"),
        "properties.type": Field(default="VirtualMachineScaleSets", create_only=True),
        "properties.vmSize": Field(
            compare=Compare.CASELESS,
            create_only=cluster_changes.size_is_fixed_in_scale_sets,
            disruption=Disruption.NODES,
        ),
        "properties.osType": Field(default="Linux", create_only=True),
        "properties.osSKU": Field(
            default=_default_image,
            create_only=cluster_changes.linux_stays_linux,
            disruption=Disruption.NODES,
        ),
        "properties.osDiskType": Field(create_only=True),
        "properties.osDiskSizeGB": Field(create_only=True, owner=_disk_owner),
        "properties.kubeletDiskType": Field(default="OS"),
        "properties.maxPods": Field(create_only=True),
        "properties.availabilityZones": Field(default=(), compare=Compare.SET, create_only=True),
        "properties.vnetSubnetID": Field(
            default=None,
            compare=Compare.RESOURCE_ID,
            create_only=True,
            parent_fixed=cluster_changes.pools_share_a_network,
            security=True,
        ),
        "properties.podSubnetID": Field(
            default=None, compare=Compare.RESOURCE_ID, create_only=True, security=True
        ),
        "properties.hostGroupID": Field(
            default=None, compare=Compare.RESOURCE_ID, create_only=True
        ),
        "properties.capacityReservationGroupID": Field(
            default=None, compare=Compare.RESOURCE_ID, create_only=True
        ),
        "properties.proximityPlacementGroupID": Field(
            default=None, compare=Compare.RESOURCE_ID, create_only=True
        ),
        "properties.enableNodePublicIP": Field(default=False, create_only=True, security=True),
        "properties.nodePublicIPPrefixID": Field(
            default=None, compare=Compare.RESOURCE_ID, create_only=True, security=True
        ),
        "properties.enableEncryptionAtHost": Field(default=False, create_only=True, security=True),
        "properties.enableFIPS": Field(default=False, security=True, disruption=Disruption.NODES),
        "properties.enableUltraSSD": Field(default=False, create_only=True),
        "properties.workloadRuntime": Field(
            default="OCIContainer", create_only=True, security=True
        ),
        "properties.scaleDownMode": Field(default="Delete"),
        "properties.scaleSetPriority": Field(default="Regular", create_only=True),
        "properties.scaleSetEvictionPolicy": Field(default="Delete", create_only=True),
        "properties.spotMaxPrice": Field(default=-1),
        "properties.nodeLabels": Field(default={}, security=True),
        "properties.nodeTaints": Field(default=(), compare=Compare.SET, security=True),
        "properties.orchestratorVersion": Field(
            compare=Compare.VERSION, disruption=Disruption.NODES
        ),
        "properties.upgradeSettings.maxSurge": Field(default="10%"),
        "properties.upgradeSettings.maxUnavailable": Field(default="0"),
        "properties.upgradeSettings.drainTimeoutInMinutes": Field(default=30),
        "properties.upgradeSettings.nodeSoakDurationInMinutes": Field(default=0),
        "properties.securityProfile.sshAccess": Field(
            default="LocalUser", security=True, disruption=Disruption.NODES
        ),
        "properties.securityProfile.enableSecureBoot": Field(
            default=False, security=True, disruption=Disruption.NODES
        ),
        "properties.securityProfile.enableVTPM": Field(
            default=False, security=True, disruption=Disruption.NODES
        ),
        "properties.networkProfile.allowedHostPorts": Field(default=(), security=True),
        "properties.kubeletConfig": Field(default=None, create_only=True, security=True),
        "properties.linuxOSConfig": Field(default=None, create_only=True),
        "properties.tags": Field(default={}),
        # A running pool is told to stop here, not by its body.
        "properties.powerState": Field(default={"code": "Running"}),
    },
)
