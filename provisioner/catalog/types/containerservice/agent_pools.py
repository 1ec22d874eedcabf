"""Node pools of AKS clusters.

A cluster's body embeds its pools (`agentPoolProfiles`): these facts apply there too, and functions
of a body find the cluster's body under `PARENT`. Most properties of the machines are fixed (size,
subnet, disks, zones): the pool is rotated instead, by a stand-in pool (`catalog.pool_rotation`).
`count` belongs to the autoscaler where it is on, and the version to the upgrade channel. AKS fills
in more properties with each of its releases, which `cluster_defaults.since` dates by the Kubernetes
version of a body.

Facts: guidelines.md §2.2, §2.7 and §3.6, and the recorded pairs.
"""

from collections.abc import Mapping

from provisioner.catalog import (
    api_introductions,
    api_versions,
    cluster_changes,
    local_dns,
)
from provisioner.catalog.cluster_defaults import most_pods, since
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import (
    PARENT,
    Answered,
    Compare,
    Disruption,
    Field,
    Owner,
)
from provisioner.catalog.kubernetes_versions import is_at_least, released, running_version
from provisioner.catalog.node_disks import EPHEMERAL, default_disk
from provisioner.catalog.node_images import newest_image
from provisioner.catalog.node_pools import (
    MANAGED_SYSTEM,
    MANAGED_SYSTEM_SIZE,
    is_in_mode,
    machines_of,
)
from provisioner.catalog.pool_rotation import NODE_POOL, RESERVED
from provisioner.catalog.resource_type import (
    ComputationContext,
    ListRead,
    NameRule,
    ResourceType,
    SdkModel,
)
from provisioner.catalog.vm_sizes import SIZES
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import ABSENT, Absent, Body, Json, is_empty, lookup

_KUBELET: Mapping[str, Json] = {
    "cpuManagerPolicy": "none",
    "cpuCfsQuota": True,
    "cpuCfsQuotaPeriod": "100ms",
    "imageGcHighThreshold": 85,
    "imageGcLowThreshold": 80,
    "topologyManagerPolicy": "none",
}
"""How a kubelet is configured where a pool does not say (SDK: `KubeletConfig`)."""

_CRITICAL_ONLY = "CriticalAddonsOnly=true:NoSchedule"


def _max_surge_answered(body: Body) -> Answered:
    """Return when AKS answers `maxSurge: 10%`, the default from Kubernetes 1.28 on.

    AKS answered it first for the pools that a cluster is created with, and for others since 1.32
    (recorded; "Customize node surge upgrade").
    """
    version = lookup(body, ("properties", "orchestratorVersion"))
    first = 28 if is_in_mode(body, "System") else 32
    return Answered.ALWAYS if is_at_least(version, 1, first) else Answered.STATED


def _computed_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    cluster = context.lookup(resource.parent.text) if resource.parent else None
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
    image = _node_image(resource, body, properties["currentOrchestratorVersion"], context)
    if image is not None:
        properties["nodeImageVersion"] = image
    if lookup(body, ("properties", "maxPods")) is ABSENT:
        properties["maxPods"] = most_pods(cluster)
    if lookup(cluster, ("sku", "name")) == "Automatic":
        properties |= _automatic_presets(body)
    return {
        "properties": {
            **properties,
            **_os_disk(body),
            **_reserved_taints_and_labels(body),
            **_machine_profile(body),
        }
    }


def _node_image(
    resource: ResourceId, body: Body, version: Json, context: ComputationContext
) -> str | None:
    """Return the node image version: the newest for a new pool or a new Kubernetes version.

    A write that changes neither keeps the image that the nodes have ("Upgrade Azure Kubernetes
    Service node images").
    """
    before = context.lookup(resource.text)
    held = lookup(before, ("properties", "nodeImageVersion"))
    ran = lookup(before, ("properties", "currentOrchestratorVersion"))
    if isinstance(held, str) and ran == version:
        return held
    size = SIZES.get(str(lookup(body, ("properties", "vmSize"))).lower())
    return newest_image(
        lookup(body, ("properties", "osSKU")),
        lookup(body, ("properties", "osType")),
        version,
        is_arm=size is not None and size.series.architecture != "x64",
    )


def _automatic_presets(body: Body) -> dict[str, Json]:
    """Return the zones and the taint that AKS Automatic gives its system pools."""
    if not is_in_mode(body, "System"):
        return {}
    presets: dict[str, Json] = {
        "availabilityZones": ["1", "2", "3"],
        "nodeTaints": [_CRITICAL_ONLY],
    }
    return {
        key: preset
        for key, preset in presets.items()
        if is_empty(lookup(body, ("properties", key)))
    }


def _reserved_taints_and_labels(body: Body) -> dict[str, Json]:
    """Return taints and labels of a spot or gateway pool with those that AKS adds itself."""
    spot = lookup(body, ("properties", "scaleSetPriority")) == "Spot"
    gateway = is_in_mode(body, "Gateway")
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


def _os_disk(body: Body) -> Mapping[str, Json]:
    """Return kind and size in GiB of the OS disk that AKS chooses where none is stated.

    AKS manages the disk of a managed system pool, and answers its kind alone (recorded).
    """
    if is_in_mode(body, MANAGED_SYSTEM):
        return {"osDiskType": EPHEMERAL}
    kind = lookup(body, ("properties", "osDiskType"))
    size = lookup(body, ("properties", "osDiskSizeGB"))
    disk = default_disk(lookup(body, ("properties", "vmSize")), kind)
    return {
        "osDiskType": kind if isinstance(kind, str) else disk.kind,
        "osDiskSizeGB": size if isinstance(size, int) and size else disk.size,
    }


def _machine_profile(body: Body) -> dict[str, Json]:
    """Return the profile of a pool of single virtual machines, and its count by size.

    AKS chooses the machine of a managed system pool.
    """
    stated = lookup(body, ("properties", "virtualMachinesProfile"))
    profile: Mapping[str, Json] = stated if isinstance(stated, Mapping) else {}
    if is_in_mode(body, MANAGED_SYSTEM):
        profile = {"scale": {"manual": [{"size": MANAGED_SYSTEM_SIZE, "count": 1}]}}
    if not profile:
        return {}
    counted: list[Json] = [
        {"size": machines.size, "count": machines.first}
        for machines in machines_of({"virtualMachinesProfile": profile})
        if machines.first
    ]
    return {"virtualMachinesProfile": profile, "virtualMachineNodesStatus": counted}


def _answered_for_spot(body: Body) -> Answered:
    spot = lookup(body, ("properties", "scaleSetPriority")) == "Spot"
    return Answered.ALWAYS if spot else Answered.MOVED


def _count_owner(body: Body) -> Owner:
    """Return the autoscaler as owner of `count` where it is on.

    The body is a pool's, or a cluster's, which is asked for all of its pools at once.
    """
    profiles = lookup(body, ("properties", "agentPoolProfiles"))
    pools = profiles if isinstance(profiles, (list, tuple)) else [body.get("properties")]
    if lookup(body, ("properties", "powerState", "code")) == "Stopped":
        # A pool that is stopped answers 0, and has its count again when it is started.
        return Owner.SERVICE
    scaled = any(lookup(pool, ("enableAutoScaling",)) is True for pool in pools)
    return Owner.AUTOSCALER if scaled else Owner.BLUEPRINT


def _disk_owner(body: Body) -> Owner:
    """Return the service as owner where the size is 0, which asks for the default size."""
    asked = lookup(body, ("properties", "osDiskSizeGB"))
    return Owner.SERVICE if asked == 0 else Owner.BLUEPRINT


def _is_automatic(body: Body) -> bool:
    """Return whether the pool is in the body of an AKS Automatic cluster, which presets its pools.

    Source: "What is Azure Kubernetes Service (AKS) Automatic?", feature comparison; recorded.
    """
    return lookup(body, (PARENT, "sku", "name")) == "Automatic"


def _zones_owner(body: Body) -> Owner:
    """Return AKS Automatic as owner of the zones where none are stated: it spreads its pools."""
    return Owner.PRESET if _is_automatic(body) else Owner.BLUEPRINT


def _default_taints(body: Body) -> Json:
    """Return the taint by which AKS Automatic reserves its system pools for system pods."""
    system = is_in_mode(body, "System")
    return ["CriticalAddonsOnly=true:NoSchedule"] if system and _is_automatic(body) else ()


def _default_access(body: Body) -> Json:
    """Return the SSH access of nodes: AKS Automatic disables it."""
    return "Disabled" if _is_automatic(body) else "LocalUser"


def _access_as_taken(stated: Body) -> tuple[tuple[Json, Json], ...]:
    return (("LocalUser", "Disabled"),) if _is_automatic(stated) else ()


def _default_max_pods(body: Body) -> Json | Absent:
    """Return the pods per node, which follow from the cluster's network where that is known."""
    cluster = lookup(body, (PARENT,))
    return most_pods(cluster) if isinstance(cluster, Mapping) else ABSENT


def _is_machines_pool(body: Body) -> bool:
    """Return whether a pool is of mode Machines.

    Each of its machines is created by a request of its own, and the pool answers nothing of their
    shape (recorded).
    """
    return is_in_mode(body, "Machines")


def _type_as_taken(stated: Body) -> tuple[tuple[Json, Json], ...]:
    return (("VirtualMachineScaleSets", "VirtualMachines"),) if _is_machines_pool(stated) else ()


def _keeps_local_dns(stated: Body) -> bool:
    """Return whether AKS keeps the LocalDNS settings that a PUT does not state.

    It does where the PUT switches LocalDNS off, and for the one half of the overrides where it
    states the other half alone (recorded).
    """
    profile = lookup(stated, ("properties", "localDNSProfile"))
    halves = ("vnetDNSOverrides", "kubeDNSOverrides")
    halved = any(isinstance(lookup(profile, (half,)), Mapping) for half in halves)
    return halved or lookup(profile, ("mode",)) == "Disabled"


def _default_os_sku(body: Body) -> Json | Absent:
    """Return the OS SKU by operating system and Kubernetes version; ABSENT where not known.

    Windows Server 2022 is the default from Kubernetes 1.25 on, until it is retired in 1.36
    ("Upgrade the OS version for Windows workloads on AKS"); AKS Automatic has Azure Linux.
    """
    if str(lookup(body, ("properties", "osType"))).lower() != "windows":
        return "AzureLinux" if _is_automatic(body) else "Ubuntu"
    version = lookup(body, ("properties", "orchestratorVersion"))
    if released(version) is None or is_at_least(version, 1, 36):
        return ABSENT
    return "Windows2022" if is_at_least(version, 1, 25) else "Windows2019"


def _default_type(body: Body) -> Json | Absent:
    """Return VirtualMachines for pools of single machines and managed ones, else scale sets."""
    machines = isinstance(lookup(body, ("properties", "virtualMachinesProfile")), Mapping)
    managed = is_in_mode(body, MANAGED_SYSTEM)
    single = machines or managed or _is_machines_pool(body)
    return "VirtualMachines" if single else "VirtualMachineScaleSets"


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
    computed=_computed_values,
    introduced=api_introductions.POOL_PROPERTIES,
    adds="runs nodes in it",
    adds_by=("properties.vmSize", "properties.enableNodePublicIP", "properties.vnetSubnetID"),
    fields={
        # With the autoscaler on, the live count is its decision: planning the declared one back
        # would undo a scale-out. A pool of mode Machines answers no count (recorded).
        "properties.count": Field(owner=_count_owner, dropped=_is_machines_pool),
        # AKS answers false to a PUT of the pool, and omits it in the cluster's answer (recorded).
        "properties.enableAutoScaling": Field(default=False, answered=Answered.ALONE),
        # AKS refuses minCount and maxCount without the autoscaler
        # (service_rules/tables/agent_pool_scale.py): a write that switches it off must not send
        # back the limits that were read.
        "properties.minCount": Field(default=None, follows=("properties.enableAutoScaling",)),
        "properties.maxCount": Field(default=None, follows=("properties.enableAutoScaling",)),
        # A pool becomes User or System in place; the last system pool must not become User
        # (guidelines.md §3.2, MustDefineAtLeastOneSystemPool).
        "properties.mode": Field(default="User"),
        # A pool of mode Machines has virtual machines, although its body states a scale set.
        "properties.type": Field(default=_default_type, taken_as=_type_as_taken, create_only=True),
        # Case varies between clients (`standard_d4s_v5`). A resize in place needs the type
        # VirtualMachines, or a preview (guidelines.md §2.7).
        "properties.vmSize": Field(
            compare=Compare.CASELESS,
            create_only=cluster_changes.size_is_fixed_in_scale_sets,
            disruption=Disruption.NODES,
        ),
        "properties.osType": Field(default="Linux", create_only=True),
        # It changes with every node OS upgrade; the SDK model allows it in a request.
        "properties.nodeImageVersion": Field(read_only=True),
        # One Linux SKU replaces another by re-imaging; Windows SKUs are fixed (guidelines.md §2.7).
        "properties.osSKU": Field(
            default=_default_os_sku,
            create_only=cluster_changes.linux_stays_linux,
            disruption=Disruption.NODES,
        ),
        # No default: it follows from the machine size (`catalog.node_disks`), so silence is not
        # compared.
        "properties.osDiskType": Field(create_only=True),
        "properties.osDiskSizeGB": Field(create_only=True, owner=_disk_owner),
        "properties.kubeletDiskType": Field(default="OS"),
        # Fixed, because with flat Azure CNI the node reserves as many addresses of its subnet
        # (guidelines.md §2.2).
        "properties.maxPods": Field(default=_default_max_pods, create_only=True),
        # Azure answers zones in an order of its own.
        "properties.availabilityZones": Field(
            default=(), compare=Compare.SET, create_only=True, owner=_zones_owner
        ),
        "properties.virtualMachineNodesStatus": Field(read_only=True),
        # All pools of a cluster are in one virtual network (guidelines.md §2.2): another network is
        # refused for a pool, and takes a new cluster.
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
        # AKS refuses it unless the feature is registered in the subscription (AKS "Host-based
        # encryption"; guidelines.md §3.2, SubscriptionNotEnabledEncryptionAtHost).
        "properties.enableEncryptionAtHost": Field(
            default=False,
            answered=Answered.STATED,
            create_only=True,
            security=True,
            requires=((True, "Microsoft.Compute/EncryptionAtHost"),),
        ),
        # FIPS, SSH access, secure boot and vTPM change in place by re-imaging the nodes
        # (guidelines.md §2.7).
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
        "properties.scaleDownMode": Field(default="Delete", answered=since("2025-04")),
        # AKS omits the priority of a regular pool; eviction policy and price exist for spot pools
        # alone.
        "properties.scaleSetPriority": Field(
            default="Regular", answered=Answered.MOVED, create_only=True
        ),
        "properties.scaleSetEvictionPolicy": Field(
            default="Delete", answered=_answered_for_spot, create_only=True
        ),
        "properties.spotMaxPrice": Field(default=-1, answered=_answered_for_spot),
        # Kubernetes labels and their values are case-sensitive ("Labels and Selectors"). AKS adds
        # labels and taints in its own domain, which a write must keep and a plan must not remove.
        "properties.nodeLabels": Field(
            default={}, compare=Compare.VERBATIM, security=True, reserved=RESERVED
        ),
        "properties.nodeTaints": Field(
            default=_default_taints, compare=Compare.SET, security=True, reserved=RESERVED
        ),
        # `1.33` requests the newest patch of 1.33, and is answered as it was stated.
        "properties.orchestratorVersion": Field(
            compare=Compare.VERSION, disruption=Disruption.NODES
        ),
        # What runs now, not what is wanted: a write of another version must not send it back.
        "properties.currentOrchestratorVersion": Field(follows=("properties.orchestratorVersion",)),
        "properties.upgradeSettings": Field(default={}),
        # AKS refuses a surge beside maxUnavailable (service_rules/tables/agent_pool_scale.py), so a
        # write that changes the surge must not send back the other's default.
        "properties.upgradeSettings.maxSurge": Field(default="10%", answered=_max_surge_answered),
        "properties.upgradeSettings.maxUnavailable": Field(
            default="0",
            answered=since("2025-04"),
            follows=("properties.upgradeSettings.maxSurge",),
        ),
        "properties.upgradeSettings.drainTimeoutInMinutes": Field(
            default=30, answered=Answered.STATED
        ),
        "properties.upgradeSettings.nodeSoakDurationInMinutes": Field(
            default=0, answered=Answered.STATED
        ),
        # Schedule is the default of AKS "Upgrade a node pool", undrainable node behavior.
        "properties.upgradeSettings.undrainableNodeBehavior": Field(
            default="Schedule", answered=Answered.STATED
        ),
        # "Blue-green node pool upgrades" have to be requested.
        "properties.upgradeStrategy": Field(default="Rolling", answered=Answered.STATED),
        "properties.securityProfile": Field(default={}),
        # AKS Automatic accepts LocalUser and answers Disabled.
        "properties.securityProfile.sshAccess": Field(
            default=_default_access,
            taken_as=_access_as_taken,
            answered=since("2023-06"),
            security=True,
            disruption=Disruption.NODES,
        ),
        "properties.securityProfile.enableSecureBoot": Field(
            default=False, answered=since("2024-02"), security=True, disruption=Disruption.NODES
        ),
        "properties.securityProfile.enableVTPM": Field(
            default=False, answered=since("2024-02"), security=True, disruption=Disruption.NODES
        ),
        "properties.messageOfTheDay": Field(default=None, create_only=True, security=True),
        "properties.gpuInstanceProfile": Field(default=None, create_only=True),
        "properties.creationData": Field(default=None, create_only=True),
        "properties.windowsProfile": Field(default=None, security=True),
        "properties.artifactStreamingProfile": Field(default=None),
        "properties.localDNSProfile": Field(default=None, security=True),
        **{
            f"properties.localDNSProfile.{name}": Field(
                default=domains, kept=_keeps_local_dns, security=True
            )
            for name, domains in local_dns.DEFAULTS.items()
        },
        "properties.networkProfile.nodePublicIPTags": Field(default=(), security=True),
        "properties.networkProfile.applicationSecurityGroups": Field(
            default=(), compare=Compare.SET, security=True
        ),
        "properties.networkProfile.applicationSecurityGroups[]": Field(compare=Compare.RESOURCE_ID),
        "properties.networkProfile.allowedHostPorts": Field(default=(), security=True),
        # Custom kubelet and Linux OS configuration are fixed (guidelines.md §3.2,
        # CustomKubeletConfigOrCustomLinuxOSConfigCanNotBeChanged).
        "properties.kubeletConfig": Field(default=None, create_only=True, security=True),
        **{
            f"properties.kubeletConfig.{name}": Field(
                default=default, answered=Answered.STATED, create_only=True, security=True
            )
            for name, default in _KUBELET.items()
        },
        "properties.linuxOSConfig": Field(default=None, create_only=True),
        "properties.tags": Field(default={}),
        # A pool is stopped and started by a PUT of this value, a cluster by actions.
        "properties.powerState": Field(default={"code": "Running"}),
    },
)
