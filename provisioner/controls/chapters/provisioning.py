"""PRV: pricing tier, availability zones, disks and resource providers of a cluster.

Facts: guidelines.md §1.5 and §2.6; the documentation "Reliability in AKS".
"""

from collections.abc import Iterator

from provisioner.catalog.registrations import registrations_for
from provisioner.catalog.registry import Catalog
from provisioner.catalog.vm_sizes import zones_of
from provisioner.controls.control import NO_EQUIVALENT, Control, Layer, Mappings, Severity, terms
from provisioner.controls.predicates import at_least, equals, one_of, show
from provisioner.controls.resource_types import CLUSTER, POOL, PROVIDER
from provisioner.controls.rule import expect, look, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.estate import Estate

ITEM = "Provisioning clusters"
_ZONES = "properties.availabilityZones"
_LEAST_ZONES = 2
_REGION = "location"
_STATE = "registrationState"

_PROVIDER_SETTINGS = (
    "properties.addonProfiles.azurepolicy.enabled",
    "properties.addonProfiles.omsagent.enabled",
    "properties.securityProfile.defender.securityMonitoring.enabled",
    "properties.apiServerAccessProfile.privateDNSZone",
)
"""Properties of a cluster that need a resource provider beside its own."""


def _judge_zones(pool: Subject) -> Iterator[Observation]:
    """Judge whether nodes are in several zones, where the region of their cluster has any."""
    cluster = pool.at(pool.id.parent.text) if pool.id.parent else None
    region = str(cluster.value(_REGION) if cluster is not None else "").lower()
    zones = tuple(dict.fromkeys(pool.texts(_ZONES)))
    if len(zones) >= _LEAST_ZONES:
        yield pool.passes(_ZONES, f"{_ZONES} is {', '.join(zones)}")
    # Some regions have no zones; Azure refuses zones there.
    elif zones_of(region):
        evidence = f"{_ZONES} is {show(pool.value(_ZONES))}"
        yield pool.fails(_ZONES, f"{evidence}, expected {_LEAST_ZONES} at least")


def _required_providers(estate: Estate, catalog: Catalog) -> frozenset[tuple[str, str]]:
    """Return the subscription and namespace of each resource provider needed, in small letters."""
    found: set[tuple[str, str]] = set()
    for resource in estate:
        known = catalog.find(resource.type)
        if known is None:
            continue
        for registration in registrations_for(known, resource.id, resource.body):
            # Feature registrations are states of a feature, and are not in the list of providers.
            if not registration.is_feature:
                found.add((registration.subscription.lower(), registration.what.lower()))
    return frozenset(found)


def _judge_provider(provider: Subject) -> Iterator[Observation]:
    """Judge whether a resource provider that is needed is registered.

    Azure refuses the resources of one that is not.
    """
    provider_key = ((provider.id.subscription or "").lower(), provider.name.lower())
    if provider_key in provider.derive(_required_providers):
        yield look(provider, _STATE, equals("Registered"))


CONTROLS = (
    Control(
        id="PRV-01",
        title="The AKS pricing tier includes an uptime SLA (sku.tier Standard or Premium)",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=ITEM,
        rationale="The Free tier has no uptime SLA, and its API server is limited in size.",
        synonyms=terms(
            "SLA; uptime SLA; sku tier; Free tier; Standard tier; Premium; availability"
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              sku: {name: Base, tier: Standard}
        """,
        rules=(
            expect(CLUSTER, "sku.name", one_of("Base", "Automatic")),
            expect(CLUSTER, "sku.tier", one_of("Standard", "Premium")),
        ),
        limits=("The terms of the SLA are not evaluated."),
        mappings=Mappings(checkov=("CKV_AZURE_170",), psrule=("Azure.AKS.UptimeSLA",)),
    ),
    Control(
        id="PRV-02",
        title="Nodes are in availability zones, in virtual machine scale sets",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=ITEM,
        rationale=(
            "With zones, a zone failure affects only part of the nodes. Availability sets "
            "and the Basic load balancer are retired."
        ),
        synonyms=terms(
            "availability zones; zone redundancy; VMSS; availability set; Basic load balancer; "
            "high availability"
        ),
        remediation="""
            pool:
              type: Microsoft.ContainerService/managedClusters/agentPools
              parent: ${cluster.id}
              properties: {availabilityZones: ["1", "2", "3"], type: VirtualMachineScaleSets}
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties: {networkProfile: {loadBalancerSku: standard}}
        """,
        rules=(
            rule(POOL, _judge_zones, _ZONES, others={CLUSTER: (_REGION,)}),
            expect(POOL, "properties.type", equals("VirtualMachineScaleSets")),
            expect(CLUSTER, "properties.networkProfile.loadBalancerSku", equals("standard")),
        ),
        limits=(
            "A node pool with one node is in one zone, whatever availabilityZones states; "
            "the node count is not evaluated."
        ),
        mappings=Mappings(
            checkov=("CKV_AZURE_169",),
            psrule=("Azure.AKS.AvailabilityZone", "Azure.AKS.PoolScaleSet"),
        ),
    ),
    Control(
        id="PRV-03",
        title="Nodes have ephemeral OS disks and enough pods per node (osDiskType, maxPods)",
        severity=Severity.MEDIUM,
        layer=Layer.DATA,
        item=ITEM,
        rationale=(
            "An ephemeral OS disk is deleted with its node, including changes by an "
            "attacker. osDiskType and maxPods cannot be changed later."
        ),
        synonyms=terms("ephemeral OS disk; osDiskType; maxPods; pods per node; immutable nodes"),
        remediation="""
            pool:
              type: Microsoft.ContainerService/managedClusters/agentPools
              parent: ${cluster.id}
              properties: {osDiskType: Ephemeral, maxPods: 110}
        """,
        rules=(
            expect(POOL, "properties.osDiskType", equals("Ephemeral")),
            expect(POOL, "properties.maxPods", at_least(50)),
        ),
        limits=("Whether the disk fits the VM size is checked by the preflight."),
        mappings=Mappings(
            checkov=("CKV_AZURE_226", "CKV_AZURE_168"), psrule=("Azure.AKS.EphemeralOSDisk",)
        ),
    ),
    Control(
        id="PRV-04",
        title="Required resource providers are registered (Microsoft.ContainerService and others)",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=ITEM,
        rationale=(
            "Azure rejects resources of an unregistered provider in the middle of a "
            "deployment. `azsec preflight` checks this before."
        ),
        synonyms=terms(
            "resource provider registration; Microsoft.ContainerService; az provider register; "
            "registrationState"
        ),
        remediation="""
            containerService:
              type: Microsoft.Resources/providers
              name: Microsoft.ContainerService
              scope: ${subscription}
              registrationState: Registered
        """,
        rules=(
            rule(
                PROVIDER,
                _judge_provider,
                _STATE,
                others={CLUSTER: _PROVIDER_SETTINGS},
                sees_all_types=True,
            ),
        ),
        limits=("The registration state is unknown offline: `azsec check --of actual` queries it."),
        unmapped=NO_EQUIVALENT,
    ),
)
