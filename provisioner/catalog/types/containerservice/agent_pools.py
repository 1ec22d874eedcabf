"""Node pools of a cluster. Facts: guidelines.md §2.2, §2.7 and §3.6, and the recorded pairs.

A cluster's body holds its pools too (agentPoolProfiles): what is known here is known there.
"""

import re
from collections.abc import Mapping

from provisioner.catalog import api_versions, cluster_changes, version_changes
from provisioner.catalog.cluster_defaults import most_pods
from provisioner.catalog.field import (
    Answered,
    AnsweredRule,
    Compare,
    Disruption,
    Field,
    Owner,
)
from provisioner.catalog.kubernetes_versions import is_at_least, running_version
from provisioner.catalog.pool_rotation import NODE_POOL, RESERVED
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

_MACHINE = re.compile(r"standard_[a-z]+(?P<cores>\d+)(?P<features>[a-z]*)_v\d", re.IGNORECASE)
_SMALLEST_DISK = 128


def _since(minor: int) -> AnsweredRule:
    """Tell that AKS answers a default for pools of Kubernetes 1.`minor` and later.

    Its answers have grown with its releases; which of them made a pool can be told by the pool's
    version. The recorded ones, of 1.17 to 1.35, all stand on one side.
    """

    def find(body: Body) -> Answered:
        version = lookup(body, ("properties", "orchestratorVersion"))
        return Answered.ALWAYS if is_at_least(version, 1, minor) else Answered.STATED

    return find


def _computed(resource: ResourceId, body: Body, around: Surroundings) -> Mapping[str, Json]:
    cluster = around.lookup(resource.parent.text) if resource.parent else None
    stated = lookup(body, ("properties", "orchestratorVersion"))
    version = stated or lookup(cluster, ("properties", "kubernetesVersion"))
    properties: dict[str, Json] = {
        "currentOrchestratorVersion": running_version(
            version if isinstance(version, str) else None
        ),
    }
    if lookup(body, ("properties", "powerState")) is ABSENT:
        properties["powerState"] = {"code": "Running"}
    if isinstance(version, str) and version:
        properties["orchestratorVersion"] = version
    if lookup(body, ("properties", "maxPods")) is ABSENT:
        properties["maxPods"] = most_pods(cluster)
    return {"properties": {**properties, **_disk(body), **_marks(body)}}


def _marks(body: Body) -> dict[str, Json]:
    """The taint and the label that AKS puts on spot and gateway pools."""
    spot = lookup(body, ("properties", "scaleSetPriority")) == "Spot"
    gateway = lookup(body, ("properties", "mode")) == "Gateway"
    key, value = ("scalesetpriority", "spot") if spot else ("mode", "gateway")
    if not (spot or gateway):
        return {}
    taints = lookup(body, ("properties", "nodeTaints"))
    labels = lookup(body, ("properties", "nodeLabels"))
    own = f"{RESERVED}{key}={value}:NoSchedule"
    others = [t for t in taints if t != own] if isinstance(taints, (list, tuple)) else []
    marked: dict[str, Json] = {"nodeTaints": [*others, own]}
    if spot:
        known = labels if isinstance(labels, Mapping) else {}
        marked["nodeLabels"] = {**known, f"{RESERVED}{key}": value}
    return marked


def _disk(body: Body) -> Mapping[str, Json]:
    """The disk that a node gets where nobody says: on the machine's own, if that is large enough.

    Machines with a `d` among their features have a local disk of 37.5 GB for each of their
    cores; AKS takes it from 128 GB on (recorded on 20 sizes of the D families).
    """
    kind = lookup(body, ("properties", "osDiskType"))
    size = lookup(body, ("properties", "osDiskSizeGB"))
    machine = _MACHINE.match(str(lookup(body, ("properties", "vmSize"))))
    local = int(machine["cores"]) * 75 // 2 if machine and "d" in machine["features"] else 0
    fits = local >= _SMALLEST_DISK
    return {
        "osDiskType": kind if isinstance(kind, str) else "Ephemeral" if fits else "Managed",
        "osDiskSizeGB": size
        if isinstance(size, int) and size
        else local
        if fits
        else _SMALLEST_DISK,
    }


def _where_spot(body: Body) -> Answered:
    spot = lookup(body, ("properties", "scaleSetPriority")) == "Spot"
    return Answered.ALWAYS if spot else Answered.MOVED


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


def _default_type(body: Body) -> Json | Absent:
    """A pool of stated machines, and one that AKS manages itself, are no scale set."""
    machines = isinstance(lookup(body, ("properties", "virtualMachinesProfile")), Mapping)
    managed = lookup(body, ("properties", "mode")) == "ManagedSystem"
    return "VirtualMachines" if machines or managed else "VirtualMachineScaleSets"


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
    # The SDK's create_or_update takes if_none_match, as the REST reference does.
    if_none_match=True,
    etag_header=False,
    serialise_on="",
    flat_errors=True,
    seconds=180,
    loss=Disruption.NODES,
    rotation=NODE_POOL,
    codes=RefusalCodes(not_found="NotFound", busy="OperationNotAllowed"),
    computed=_computed,
    adds="runs nodes in it",
    adds_by=("properties.vmSize", "properties.enableNodePublicIP", "properties.vnetSubnetID"),
    fields={
        "properties.count": Field(owner=_count_owner),
        "properties.enableAutoScaling": Field(default=False, answered=Answered.STATED),
        "properties.minCount": Field(default=None),
        "properties.maxCount": Field(default=None),
        "properties.mode": Field(default="User"),
        "properties.type": Field(default=_default_type, create_only=True),
        "properties.vmSize": Field(
            compare=Compare.CASELESS,
            create_only=cluster_changes.size_is_fixed_in_scale_sets,
            disruption=Disruption.NODES,
        ),
        "properties.osType": Field(default="Linux", create_only=True),
        "properties.nodeImageVersion": Field(read_only=True),
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
        # AKS "Host-based encryption": the feature has to be on in the subscription.
        "properties.enableEncryptionAtHost": Field(
            default=False,
            answered=Answered.STATED,
            create_only=True,
            security=True,
            requires=((True, "Microsoft.Compute/EncryptionAtHost"),),
        ),
        "properties.enableFIPS": Field(default=False, security=True, disruption=Disruption.NODES),
        "properties.enableUltraSSD": Field(
            default=False, answered=Answered.STATED, create_only=True
        ),
        "properties.workloadRuntime": Field(
            default="OCIContainer",
            answered=Answered.STATED,
            create_only=True,
            security=True,
        ),
        "properties.scaleDownMode": Field(default="Delete", answered=_since(31)),
        "properties.scaleSetPriority": Field(
            default="Regular", answered=Answered.MOVED, create_only=True
        ),
        "properties.scaleSetEvictionPolicy": Field(
            default="Delete", answered=_where_spot, create_only=True
        ),
        "properties.spotMaxPrice": Field(default=-1, answered=_where_spot),
        "properties.nodeLabels": Field(default={}, security=True, reserved=RESERVED),
        "properties.nodeTaints": Field(
            default=(), compare=Compare.SET, security=True, reserved=RESERVED
        ),
        "properties.orchestratorVersion": Field(
            compare=Compare.VERSION,
            forbidden=version_changes.pool_goes_one_minor_up,
            disruption=Disruption.NODES,
        ),
        "properties.upgradeSettings": Field(default={}),
        "properties.upgradeSettings.maxSurge": Field(default="10%", answered=_since(28)),
        "properties.upgradeSettings.maxUnavailable": Field(default="0", answered=_since(31)),
        "properties.upgradeSettings.drainTimeoutInMinutes": Field(
            default=30, answered=Answered.STATED
        ),
        "properties.upgradeSettings.nodeSoakDurationInMinutes": Field(
            default=0, answered=Answered.STATED
        ),
        # AKS, "Upgrade a node pool", undrainable node behavior: Schedule unless somebody says so.
        "properties.upgradeSettings.undrainableNodeBehavior": Field(
            default="Schedule", answered=Answered.STATED
        ),
        "properties.securityProfile": Field(default={}),
        "properties.securityProfile.sshAccess": Field(
            default="LocalUser",
            answered=_since(26),
            security=True,
            disruption=Disruption.NODES,
        ),
        "properties.securityProfile.enableSecureBoot": Field(
            default=False, answered=_since(28), security=True, disruption=Disruption.NODES
        ),
        "properties.securityProfile.enableVTPM": Field(
            default=False, answered=_since(28), security=True, disruption=Disruption.NODES
        ),
        "properties.messageOfTheDay": Field(default=None, create_only=True, security=True),
        "properties.gpuInstanceProfile": Field(default=None, create_only=True),
        "properties.creationData": Field(default=None, create_only=True),
        "properties.windowsProfile": Field(default=None, security=True),
        "properties.artifactStreamingProfile": Field(default=None),
        "properties.localDNSProfile": Field(default=None, security=True),
        "properties.networkProfile.nodePublicIPTags": Field(default=(), security=True),
        "properties.networkProfile.applicationSecurityGroups": Field(
            default=(), compare=Compare.SET, security=True
        ),
        "properties.networkProfile.applicationSecurityGroups[]": Field(compare=Compare.RESOURCE_ID),
        "properties.networkProfile.allowedHostPorts": Field(default=(), security=True),
        "properties.kubeletConfig": Field(default=None, create_only=True, security=True),
        "properties.linuxOSConfig": Field(default=None, create_only=True),
        "properties.tags": Field(default={}),
        # A running pool is told to stop here, not by its body.
        "properties.powerState": Field(default={"code": "Running"}),
    },
)
