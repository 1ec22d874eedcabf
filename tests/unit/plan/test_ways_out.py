"""A cluster that goes out another way: what the old way had goes with it, unsaid and unseen."""

import pytest

from provisioner.model.azure_error import AzureError
from provisioner.model.values import ABSENT, lookup
from tests.environments import Bench

BALANCER = ("properties", "networkProfile", "loadBalancerProfile")
GATEWAY = ("properties", "networkProfile", "natGatewayProfile")
CLUSTER = """\
net:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet
  properties: {addressSpace: {addressPrefixes: [10.1.0.0/16]}}
routes:
  type: Microsoft.Network/routeTables
  resourceGroup: main
  name: routes
  properties:
    routes:
      - name: out
        properties:
          {addressPrefix: 0.0.0.0/0, nextHopType: VirtualAppliance, nextHopIpAddress: 10.1.9.4}
nodes:
  type: Microsoft.Network/virtualNetworks/subnets
  parent: ${net.id}
  name: nodes
  properties:
    {addressPrefix: 10.1.0.0/22, defaultOutboundAccess: false, routeTable: {id: "${routes.id}"}}
aks:
  type: Microsoft.ContainerService/managedClusters
  resourceGroup: main
  name: aks
  identity: {type: SystemAssigned}
  properties:
    dnsPrefix: aks
    networkProfile: {networkPlugin: azure, networkPluginMode: overlay, outboundType: loadBalancer}
    agentPoolProfiles:
      - name: system
        mode: System
        vmSize: Standard_D4s_v5
        count: 3
        vnetSubnetID: ${nodes.id}
"""
ROUTED = CLUSTER.replace("outboundType: loadBalancer", "outboundType: userDefinedRouting")


def test_what_the_load_balancer_had_goes_with_it(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(CLUSTER)))
    assert lookup(bench.body_of("aks"), BALANCER) is not ABSENT

    desired = bench.compose(ROUTED)
    plan = bench.plan(desired)
    assert plan.document.undeclared == ()
    (step,) = plan.steps
    assert lookup(step.body, BALANCER) is ABSENT

    bench.apply(plan)
    assert lookup(bench.body_of("aks"), BALANCER) is ABSENT
    again = bench.plan(desired).document
    assert (again.changes, again.undeclared) == ((), ())


def test_it_comes_back_with_the_load_balancer(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(ROUTED)))
    desired = bench.compose(CLUSTER)
    bench.apply(bench.plan(desired))
    assert lookup(bench.body_of("aks"), BALANCER) is not ABSENT
    again = bench.plan(desired).document
    assert (again.changes, again.undeclared) == ((), ())


def test_both_are_refused(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(ROUTED)))
    body = bench.body_of("aks")
    profile = lookup(body, ("properties", "networkProfile"))
    assert isinstance(profile, dict)
    both = {**profile, "loadBalancerProfile": {"managedOutboundIPs": {"count": 1}}}
    with pytest.raises(AzureError, match="exclude"):
        bench.tamper("aks", networkProfile=both)


def test_what_is_stated_of_the_new_way_is_sent(bench: Bench) -> None:
    stated = "loadBalancerProfile: {managedOutboundIPs: {count: 3}}, outboundType: loadBalancer"
    bench.apply(bench.plan(bench.compose(ROUTED)))
    desired = bench.compose(CLUSTER.replace("outboundType: loadBalancer", stated))
    (step,) = bench.plan(desired).steps
    assert lookup(step.body, (*BALANCER, "managedOutboundIPs", "count")) == 3
    bench.apply(bench.plan(desired))
    assert bench.plan(desired).steps == ()
