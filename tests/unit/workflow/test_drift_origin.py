"""What newly fails in a drift check: the blueprint is judged with what Azure alone wrote."""

from provisioner.workflow.drift import check_drift
from tests.environments import Bench
from tests.unit.network.networks import cluster

FEDERATED = """\
id:
  type: Microsoft.ManagedIdentity/userAssignedIdentities
  resourceGroup: main
  name: id-deploy
pipeline:
  type: Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials
  parent: ${id.id}
  name: github
  properties:
    issuer: https://token.actions.githubusercontent.com
    subject: repo:contoso/app:ref:refs/heads/main
    audiences: [api://AzureADTokenExchange]
vnet:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet
  properties:
    addressSpace: {addressPrefixes: [10.0.0.0/16]}
    subnets: [{name: nodes, properties: {addressPrefix: 10.0.0.0/24}}]
"""
ISSUER = ("oidcIssuerProfile: {enabled: true}",)


def test_what_the_blueprint_fails_as_well_does_not_newly_fail(bench: Bench) -> None:
    """Which issuer a cluster has is known after apply: a credential of a pipeline has another."""
    desired = bench.compose(FEDERATED + cluster(more=ISSUER))
    bench.apply(bench.plan(desired))

    drift = check_drift(desired, bench.catalog, bench.client)

    assert drift.drifted == ()
    assert drift.security is None or [t.control for t in drift.security.failing] == []
