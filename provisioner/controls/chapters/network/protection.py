"""NET-09 and NET-10: VNet flow logs and DDoS Network Protection.

Facts: guidelines.md §1.5; the documentation "Virtual network flow logs" and "Azure DDoS
Protection".
"""

from collections.abc import Iterator, Mapping

from provisioner.catalog.registry import Catalog
from provisioner.controls.chapters.network.addresses import ITEM
from provisioner.controls.control import NO_EQUIVALENT, Control, Layer, Mappings, Severity, terms
from provisioner.controls.logs.alert_queries import Match
from provisioner.controls.logs.diagnostic_settings import WORKSPACE_READS, arrives, why_outside
from provisioner.controls.predicates import Predicate, at_least, equals, show
from provisioner.controls.resource_types import (
    APPLICATION_GATEWAY,
    BASTION,
    FIREWALL,
    FLOW_LOG,
    NETWORK,
    NETWORK_GATEWAY,
    PUBLIC_ADDRESS,
    STORAGE_ACCOUNT,
)
from provisioner.controls.rule import rule
from provisioner.controls.subject import Observation, Subject
from provisioner.controls.verdict import Verdict
from provisioner.model.estate import Estate
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Unknown, lookup

_TARGET = "properties.targetResourceId"
_ANALYTICS = (
    "properties.flowAnalyticsConfiguration.networkWatcherFlowAnalyticsConfiguration.enabled"
)
_ANALYSED_IN = (
    "properties.flowAnalyticsConfiguration"
    ".networkWatcherFlowAnalyticsConfiguration.workspaceResourceId"
)
_FLOW_TABLE = "NTANetAnalytics"
_STORAGE = "properties.storageId"
_RETAINS = "properties.retentionPolicy.enabled"
_DAYS = "properties.retentionPolicy.days"
_FILTER = "properties.enabledFilteringCriteria"
_RECORDS = "properties.recordTypes"
_ALLOWED_FLOWS, _DENIED_FLOWS = frozenset("BCE"), "D"
"""The letters of a flow that begins, goes on and ends, and of one that was denied."""

_EXPECTED: Mapping[str, Predicate] = {
    "properties.enabled": equals(True),
    _RETAINS: equals(True),
    # A policy that is on, of no days, keeps what was recorded for good ("Flow logging for network
    # security groups").
    _DAYS: Predicate(lambda found: found == 0 or at_least(90).test(found), "at least 90, or 0"),
    _ANALYTICS: equals(True),
}
_PROTECTED = "properties.enableDdosProtection"
_PLAN = "properties.ddosProtectionPlan.id"
_OWN_PROTECTION = "properties.ddosSettings.protectionMode"
_CONFIGURATIONS = "properties.ipConfigurations"
_MANAGEMENT = "properties.managementIpConfiguration"
_ADDRESS_USERS: Mapping[str, tuple[str, ...]] = {
    FIREWALL: (_CONFIGURATIONS, _MANAGEMENT),
    BASTION: (_CONFIGURATIONS,),
    NETWORK_GATEWAY: (_CONFIGURATIONS,),
    APPLICATION_GATEWAY: (
        "properties.frontendIPConfigurations",
        "properties.gatewayIPConfigurations",
    ),
}


def _logs_by_target(estate: Estate, _catalog: Catalog) -> Mapping[str, tuple[str, ...]]:
    """Return the ids of the flow logs of each network, by its key."""
    found: dict[str, tuple[str, ...]] = {}
    for log in estate.of_type(FLOW_LOG):
        target = parse_resource_id(lookup(log.body, _TARGET.split(".")))
        if target is not None:
            found[target.key] = (*found.get(target.key, ()), log.id.text)
    return found


def _judge_flows(network: Subject) -> Iterator[Observation]:
    """Judge whether a flow log of a network is enabled, retained and analysed."""
    ids = network.derive(_logs_by_target).get(network.id.key, ())
    logs = [log for log in map(network.at, ids) if log is not None]
    if not logs:
        yield network.fails("", "no flow log in the environment targets it")
        return
    problems = [list(_find_problems(log)) for log in logs]
    # One sound flow log is enough; several are common while NSG flow logs are replaced (new ones
    # are refused since 2025-06-30, guidelines.md NET-09).
    if all(problems):
        least_severe = min(
            problems, key=lambda found: Verdict.FAIL in (verdict for verdict, _ in found)
        )
        yield from (Observation(verdict, "", evidence) for verdict, evidence in least_severe)
    else:
        sound = logs[problems.index([])]
        yield network.passes("", f"flow log {sound.label} retains {show(sound.value(_DAYS))} days")


def _find_problems(log: Subject) -> Iterator[tuple[Verdict, str]]:
    yield from ((Verdict.FAIL, evidence) for evidence in _find_wrong_settings(log))
    place = parse_resource_id(log.value(_STORAGE))
    if isinstance(log.value(_STORAGE), Unknown):
        pass  # It is made with the log, and so it is the environment's.
    elif place is None or place.type.lower() != STORAGE_ACCOUNT.lower():
        evidence = f"{_STORAGE} of {log.label} is {show(log.value(_STORAGE))}"
        yield Verdict.FAIL, f"{evidence}, expected a storage account ID"
    # Flow records name every connection: in a storage account of strangers they are a leak.
    elif why := why_outside(log, place):
        yield Verdict.FAIL, f"{_STORAGE} of {log.label}: {why}"
    if log.states(_ANALYSED_IN):
        answer = arrives(log, log.value(_ANALYSED_IN), _FLOW_TABLE)
        if answer.match is not Match.YES:
            verdict = Verdict.FAIL if answer.match is Match.NO else Verdict.UNKNOWN
            yield verdict, f"traffic analytics of {log.label}: {answer.why}"


def _find_wrong_settings(log: Subject) -> Iterator[str]:
    for path, expected in _EXPECTED.items():
        if not expected.test(log.value(path)):
            found = show(log.value(path))
            yield f"{path} of {log.label} is {found}, expected {expected.words}"
    # Azure records what the filter matches and nothing else; an empty filter records all.
    if log.states(_FILTER):
        yield f"{_FILTER} of {log.label} records only {show(log.value(_FILTER))}"
    records = {part.strip().upper() for part in str(log.value(_RECORDS)).split(",")}
    # An allowed flow shows as begin, continue or end: any of the three proves that it was
    # allowed.
    if log.states(_RECORDS) and not (_DENIED_FLOWS in records and records & _ALLOWED_FLOWS):
        evidence = f"{_RECORDS} of {log.label} is {show(log.value(_RECORDS))}"
        yield f"{evidence}, expected allowed and denied flows"


def _public_networks(estate: Estate, _catalog: Catalog) -> Mapping[str, str]:
    """Return the owner of a public address in each network that no plan protects by itself.

    It is by the network's key.
    """
    found: dict[str, str] = {}
    for kind, paths in _ADDRESS_USERS.items():
        for host in estate.of_type(kind):
            entries = [entry for path in paths for entry in _configurations(host.body, path)]
            if not any(_is_exposed(estate, entry) for entry in entries):
                continue
            for entry in entries:
                subnet = parse_resource_id(lookup(entry, ("properties", "subnet", "id")))
                if subnet is not None and subnet.parent is not None:
                    # The plan is a setting of the network, so the address is followed to it by
                    # the subnet of whoever uses it.
                    found.setdefault(subnet.parent.key, host.label)
    return found


def _is_exposed(estate: Estate, entry: object) -> bool:
    """Return whether a configuration has a public address without a DDoS protection of its own."""
    named = parse_resource_id(lookup(entry, ("properties", "publicIPAddress", "id")))
    address = estate.get(named) if named is not None else None
    # DDoS IP Protection is bought for one address (protectionMode Enabled);
    # VirtualNetworkInherited, the default, leaves it to the network's plan.
    mode = lookup(address.body, _OWN_PROTECTION.split(".")) if address is not None else None
    return named is not None and mode != "Enabled"


def _addresses_that_decline(estate: Estate, _catalog: Catalog) -> tuple[str, ...]:
    """Return the public addresses that decline the protection of their network."""
    return tuple(
        address.label
        for address in estate.of_type(PUBLIC_ADDRESS)
        if lookup(address.body, _OWN_PROTECTION.split(".")) == "Disabled"
    )


def _configurations(body: Mapping[str, object], path: str) -> tuple[object, ...]:
    stated = lookup(body, path.split("."))
    return tuple(stated) if isinstance(stated, (list, tuple)) else (stated,)


def _judge_ddos_protection(network: Subject) -> Iterator[Observation]:
    """Judge whether a network with public IP addresses has a DDoS protection plan."""
    host = network.derive(_public_networks).get(network.id.key)
    if host is None:
        return
    evidence = f"{host} has a public IP address"
    if network.value(_PROTECTED) is not True:
        yield network.fails(_PROTECTED, f"{evidence}, and {_PROTECTED} is not true")
    elif not network.states(_PLAN):
        yield network.fails(_PLAN, f"{evidence}, and {_PLAN} is not set")
    elif declined := network.derive(_addresses_that_decline):
        yield network.fails(_PLAN, f"{declined[0]} disables it: {_OWN_PROTECTION} is Disabled")
    else:
        yield network.passes(_PLAN, f"{_PLAN} is {show(network.value(_PLAN))}")


CONTROLS = (
    Control(
        id="NET-09",
        title="VNet flow logs are enabled and retained for 90 days",
        severity=Severity.HIGH,
        layer=Layer.AUDIT,
        item=ITEM,
        rationale=(
            "Intrusions are often found weeks later. Flow logs show which hosts the "
            "attacker reached."
        ),
        synonyms=terms(
            "flow logs; NSG flow logs; traffic analytics; Network Watcher; retention; network "
            "logging"
        ),
        remediation="""
            flows:
              type: Microsoft.Network/networkWatchers/flowLogs
              parent: ${watcher.id}
              properties:
                targetResourceId: ${network.id}
                storageId: ${storage.id}
                enabled: true
                retentionPolicy: {enabled: true, days: 90}
                flowAnalyticsConfiguration:
                  networkWatcherFlowAnalyticsConfiguration:
                    enabled: true
                    workspaceResourceId: ${workspace.id}
        """,
        rules=(
            rule(
                NETWORK,
                _judge_flows,
                others={
                    FLOW_LOG: (_TARGET, *_EXPECTED, _FILTER, _RECORDS, _STORAGE, _ANALYSED_IN),
                    STORAGE_ACCOUNT: (),
                    **WORKSPACE_READS,
                },
            ),
        ),
        limits=(
            "Permission to delete the storage account or to stop the flow log is not evaluated."
        ),
        mappings=Mappings(
            policies=(
                "4c3c6c5f-0d47-4402-99b8-aa543dd8bcee",
                "cd6f7aff-2845-4dab-99f2-6d1754a754b0",
                "3e9965dc-cc13-47ca-8259-a4252fd0cf7b",
                "b6e2945c-0b7b-40f5-9233-7a5323b5cdc6",
            ),
            checkov=("CKV_AZURE_12",),
        ),
    ),
    Control(
        id="NET-10",
        title="DDoS Network Protection is enabled on networks with public IP addresses",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "Public IP addresses of the firewall and Azure Bastion are targets of DDoS "
            "attacks. One plan covers all virtual networks of a tenant."
        ),
        synonyms=terms("DDoS; DDoS protection plan; denial of service; flood; public IP"),
        remediation="""
            network:
              type: Microsoft.Network/virtualNetworks
              properties:
                enableDdosProtection: true
                ddosProtectionPlan: {id: "${plan.id}"}
        """,
        rules=(
            rule(
                NETWORK,
                _judge_ddos_protection,
                _PROTECTED,
                _PLAN,
                others={**_ADDRESS_USERS, PUBLIC_ADDRESS: (_OWN_PROTECTION,)},
            ),
        ),
        limits=(
            "Public IP addresses of load balancers created for Services are not matched with a "
            "virtual network."
        ),
        unmapped=NO_EQUIVALENT,
    ),
)
