"""CLU-02: node VMs: SSH access, public IP addresses, Trusted Launch, disk encryption, Bastion.

Facts: guidelines.md §1.2, §2.2 and §2.5; AKS "Trusted launch" (not for Windows, nor for Kata).
"""

from collections.abc import Iterator

from provisioner.controls.control import (
    MAPPED_BY_PARTS,
    NO_EQUIVALENT,
    Control,
    Layer,
    Mappings,
    Mode,
    Severity,
    terms,
)
from provisioner.controls.effective_access import ACCESS_READS, access_of, describe_scope, path_of
from provisioner.controls.predicates import equals, is_unset, one_of
from provisioner.controls.resource_types import (
    BASTION,
    CLUSTER,
    NETWORK,
    PEERING,
    POOL,
    SUBNET,
)
from provisioner.controls.rule import expect, look, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.cidr import parse_range
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Unknown, lookup

_ITEM = "Securing access to host VMs"
_SSH = "properties.securityProfile.sshAccess"
_RUNTIME = "properties.workloadRuntime"
_SYSTEM = "properties.osType"
_NODE_GROUP = "properties.nodeResourceGroup"
_NODES = "properties.vnetSubnetID"
_SKU = "sku.name"
_CONFIGURATIONS = "properties.ipConfigurations"
_PREFIX = "properties.addressPrefix"
_REMOTE = "properties.remoteVirtualNetwork.id"
_LOGINS = (
    "Microsoft.Compute/virtualMachines/login/action",
    "Microsoft.Compute/virtualMachines/loginAsAdmin/action",
)


def _supports_trusted_launch(pool: Subject) -> bool:
    """Return whether trusted launch goes with a pool: it does not with Windows, nor with Kata."""
    kata = str(pool.value(_RUNTIME)).lower().startswith("kata")
    return not kata and str(pool.value(_SYSTEM)).lower() != "windows"


def _judge_bastion_reach(cluster: Subject) -> Iterator[Observation]:
    """Judge whether a bastion host is in the nodes' network, or in one that is peered with it."""
    node_networks = _networks_of(cluster)
    reachable = {network.key for network in node_networks} | _peered_networks(
        cluster, node_networks
    )
    hosts = cluster.all(BASTION)
    # Bastion reaches machines in its own network and in directly peered ones; peering is not
    # transitive.
    connected = [
        host for host in hosts if not node_networks or _networks_of_bastion(host) & reachable
    ]
    if connected:
        yield cluster.passes("", f"{connected[0].label} connects to its nodes")
    elif any(_is_peered_outside(peering) for peering in cluster.all(PEERING)):
        yield cluster.unknown("", "it may be in a peered network outside the environment")
    elif hosts:
        evidence = f"{hosts[0].label} is in a network that is not peered with that of its nodes"
        yield cluster.fails("", evidence)
    else:
        yield cluster.fails("", "no Azure Bastion host in the environment connects to its nodes")


def _networks_of(cluster: Subject) -> tuple[ResourceId, ...]:
    """Return the networks that the nodes of a cluster stand in; none where AKS makes its own."""
    subnets = (parse_resource_id(pool.value(_NODES)) for pool in cluster.children(POOL))
    found = (subnet.parent for subnet in subnets if subnet is not None)
    return tuple(dict.fromkeys(network for network in found if network is not None))


def _peered_networks(cluster: Subject, networks: tuple[ResourceId, ...]) -> set[str]:
    """Return the networks that are peered with some, from both sides where both are known."""
    links: set[tuple[str, str]] = set()
    for peering in cluster.all(PEERING):
        remote = parse_resource_id(peering.value(_REMOTE))
        if remote is not None and peering.id.parent is not None:
            links.add((peering.id.parent.key, remote.key))
    sides = {network.id.key for network in cluster.all(NETWORK)}
    own = {network.key for network in networks}
    return {
        remote
        for near, remote in links
        # A peering carries traffic once both networks have one. Of a remote network outside the
        # environment only the near side can be seen.
        if near in own and ((remote, near) in links or remote not in sides)
    }


def _networks_of_bastion(host: Subject) -> set[str]:
    """Return the networks that a bastion host stands in."""
    found = (
        parse_resource_id(lookup(entry, ("properties", "subnet", "id")))
        for entry in host.entries(_CONFIGURATIONS)
    )
    return {subnet.parent.key for subnet in found if subnet is not None and subnet.parent}


def _is_peered_outside(peering: Subject) -> bool:
    remote = peering.at(peering.value(_REMOTE))
    return remote is None or not remote.is_own


def _judge_bastion(host: Subject) -> Iterator[Observation]:
    """Judge whether a bastion host has a tier with tunnels, and room to grow."""
    # Native client tunnels (az network bastion ssh) need Standard or higher.
    yield look(host, _SKU, one_of("Standard", "Premium"))
    for entry in host.entries(_CONFIGURATIONS):
        subnet = host.at(lookup(entry, ("properties", "subnet", "id")))
        prefix = parse_range(subnet.value(_PREFIX)) if subnet else None
        if subnet is None or prefix is None:
            continue
        # Azure requires the exact name; /27 was enough until November 2021 and is still found in
        # templates, /26 is required since (guidelines.md §2.2).
        if subnet.name != "AzureBastionSubnet" or prefix.prefixlen > 26:
            evidence = f"it is in {subnet.name}, a /{prefix.prefixlen}"
            yield host.fails(
                _CONFIGURATIONS, (f"{evidence}, expected AzureBastionSubnet with /26 or larger")
            )
        else:
            yield host.passes(_CONFIGURATIONS, f"{subnet.label} is a /{prefix.prefixlen}")


def _judge_logins(cluster: Subject) -> Iterator[Observation]:
    """Judge whether roles that allow VM login are assigned in node resource groups alone."""
    group = cluster.value(_NODE_GROUP)
    for grant in access_of(cluster).grants:
        # Signing in with Entra ID is a data action: Owner and Contributor do not have it.
        if not any(grant.allows(action, data=True) for action in _LOGINS):
            continue
        assignment = grant.assignment.label
        # Nodes are in the node resource group, which AKS may yet have to name. A wider scope also
        # lets the holder sign in to machines that are no nodes.
        if _group_of(grant.scope) in {
            _folded_name(c.value(_NODE_GROUP)) for c in cluster.all(CLUSTER)
        }:
            yield cluster.passes(
                path_of(grant), f"{assignment} is assigned in the node resource group"
            )
        elif isinstance(group, Unknown):
            yield cluster.unknown(path_of(grant), f"the node resource group is {group}")
        else:
            yield cluster.fails(
                path_of(grant),
                (f"{assignment} allows signing in to virtual machines at {describe_scope(grant)}"),
            )


def _folded_name(group: object) -> str:
    return str(group).lower()


def _group_of(scope: ResourceId | None) -> str:
    return (scope.resource_group or "").lower() if scope else ""


CONTROLS = (
    Control(
        id="CLU-02",
        title="Access to node VMs is restricted to emergencies",
        severity=Severity.CRITICAL,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="Access to a node gives access to the secrets and identities of all pods on it.",
        synonyms=terms("SSH; host VM; worker node; node access; kubectl debug node"),
        modes=(),
        unmapped=MAPPED_BY_PARTS,
    ),
    Control(
        id="CLU-02.1",
        title="SSH with shared keys to nodes is disabled (sshAccess is Disabled or EntraId)",
        severity=Severity.CRITICAL,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "SSH keys are shared, copied and do not expire. Entra ID-based SSH replaces them "
            "where shell access is required."
        ),
        synonyms=terms("SSH keys; sshd; authorized_keys; linuxProfile; --ssh-access"),
        remediation="""
            pool:
              type: Microsoft.ContainerService/managedClusters/agentPools
              properties:
                securityProfile: {sshAccess: Disabled}
        """,
        rules=(expect(POOL, _SSH, one_of("Disabled", "EntraId")),),
        limits=(
            "A node pool applies the setting with its next node image upgrade; until then "
            "its nodes keep the old setting."
        ),
        mappings=Mappings(policies=("28257686-e9db-403e-b9e2-a5eecbe03da9",)),
    ),
    Control(
        id="CLU-02.2",
        title="Nodes have no public IP addresses (enableNodePublicIP) and no allowed host ports",
        severity=Severity.CRITICAL,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "A node with a public IP address is exposed to internet scans and to exploits of "
            "any listening service."
        ),
        synonyms=terms(
            "node public IP; enableNodePublicIP; allowedHostPorts; instance-level public IP"
        ),
        remediation="""
            pool:
              type: Microsoft.ContainerService/managedClusters/agentPools
              properties:
                enableNodePublicIP: false
                networkProfile: {allowedHostPorts: []}
        """,
        rules=(
            expect(POOL, "properties.enableNodePublicIP", equals(False)),
            expect(POOL, "properties.networkProfile.allowedHostPorts", is_unset()),
        ),
        limits=(
            "Load balancers and public IP addresses that Kubernetes creates in the node "
            "resource group are not evaluated here."
        ),
        mappings=Mappings(checkov=("CKV_AZURE_143",), cis=("5.4.3",)),
    ),
    Control(
        id="CLU-02.3",
        title="Node resource group lockdown is ReadOnly (restrictionLevel)",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "Write access to the node resource group allows opening network security group "
            "rules and running commands on nodes. The deny assignment applies to Owners "
            "too."
        ),
        synonyms=terms(
            "MC_ resource group; deny assignment; infrastructure resource group; nrgLockdown; "
            "nodeResourceGroupProfile"
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                nodeResourceGroupProfile: {restrictionLevel: ReadOnly}
        """,
        rules=(
            expect(
                CLUSTER, "properties.nodeResourceGroupProfile.restrictionLevel", equals("ReadOnly")
            ),
        ),
        limits=("Azure creates the deny assignment; `azsec access` lists those in effect."),
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="CLU-02.4",
        title="Trusted Launch is enabled: secure boot and vTPM (enableSecureBoot, enableVTPM)",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "Secure boot and a vTPM prevent bootkits and rootkits from loading before the "
            "operating system."
        ),
        synonyms=terms("secure boot; vTPM; TPM; measured boot; rootkit; bootkit; Gen2"),
        remediation="""
            pool:
              type: Microsoft.ContainerService/managedClusters/agentPools
              properties:
                securityProfile: {enableSecureBoot: true, enableVTPM: true}
        """,
        rules=tuple(
            expect(
                POOL,
                f"properties.securityProfile.{name}",
                equals(True),
                when=_supports_trusted_launch,
                reading=(_RUNTIME, _SYSTEM),
            )
            for name in ("enableSecureBoot", "enableVTPM")
        ),
        limits=(
            "Windows and Kata node pools are excluded because they do not support Trusted "
            "Launch. Signed components can still have vulnerabilities."
        ),
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="CLU-02.5",
        title="Host encryption is enabled on node pools (enableEncryptionAtHost)",
        severity=Severity.MEDIUM,
        layer=Layer.DATA,
        item=_ITEM,
        rationale=(
            "Without encryption at host, temporary disks and disk caches, which can "
            "contain pod secrets, are not encrypted on the host. Customer-managed keys and "
            "FIPS are additional where required."
        ),
        synonyms=terms(
            "encryption at host; disk encryption; host-based encryption; CMK; FIPS; disk "
            "encryption set; temp disk"
        ),
        remediation="""
            pool:
              type: Microsoft.ContainerService/managedClusters/agentPools
              properties: {enableEncryptionAtHost: true}
        """,
        rules=(expect(POOL, "properties.enableEncryptionAtHost", equals(True)),),
        limits=(
            "Whether customer-managed keys or FIPS are required is unknown; neither is evaluated."
        ),
        mappings=Mappings(
            policies=(
                "41425d9f-d1a5-499a-9932-f8ed8453932c",
                "7d7be79c-23ba-4033-84dd-45e2a5ccdd67",
            ),
            checkov=("CKV_AZURE_227", "CKV_AZURE_117"),
        ),
    ),
    Control(
        id="CLU-02.6",
        title="Emergency access to nodes uses Azure Bastion",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "Emergency access needs a logged path that is authorized by an Entra ID role. "
            "Without one, operators open other paths."
        ),
        synonyms=terms(
            "Azure Bastion; jump box; jumpbox; jump host; break glass; emergency access; Virtual "
            "Machine Administrator Login"
        ),
        remediation="""
            bastion:
              type: Microsoft.Network/bastionHosts
              sku: {name: Standard}
              properties:
                ipConfigurations:
                  - name: default
                    properties: {subnet: {id: "${bastionSubnet.id}"}}
            bastionSubnet:
              type: Microsoft.Network/virtualNetworks/subnets
              name: AzureBastionSubnet
              parent: ${network.id}
              properties: {addressPrefix: 10.0.0.64/26}
        """,
        rules=(
            rule(
                CLUSTER,
                _judge_bastion_reach,
                others={
                    BASTION: (_CONFIGURATIONS,),
                    PEERING: (_REMOTE,),
                    NETWORK: (),
                    POOL: (_NODES,),
                },
            ),
            rule(BASTION, _judge_bastion, _SKU, _CONFIGURATIONS, others={SUBNET: (_PREFIX,)}),
            rule(CLUSTER, _judge_logins, _NODE_GROUP, others=ACCESS_READS),
        ),
        limits=(
            "Bastion sessions and group members are not read. A hub that is not in the "
            "environment results in unknown."
        ),
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="CLU-02.7",
        title="The kubelet configuration on every node meets CIS AKS sections 3.1 and 3.2",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "An unauthenticated kubelet API allows running commands in every pod of the "
            "node. AKS sets the flags and file permissions; kube-bench verifies that they "
            "are unchanged."
        ),
        synonyms=terms(
            "kubelet; anonymous-auth; read-only port; kubelet authorization; kube-bench; worker "
            "node configuration; file permissions; azure.json"
        ),
        remediation=(
            "Upgrade the node image of the pool that fails a check (`az aks nodepool "
            "upgrade --node-image-only`). Do not repair nodes by hand."
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "report of the kube-bench job for sections 3.1 and 3.2: `azsec manifests` "
            "renders the job, `kubectl logs job/kube-bench` prints the report"
        ),
        mappings=Mappings(
            cis=(
                *(f"3.1.{number}" for number in range(1, 5)),
                *(f"3.2.{number}" for number in range(1, 10)),
            )
        ),
    ),
)
