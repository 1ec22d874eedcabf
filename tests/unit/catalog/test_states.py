"""States that Azure computes: which values say that a resource does not do what it is for."""

import pytest

from provisioner.catalog.field import Repair
from provisioner.catalog.registry import Catalog
from provisioner.diff.comparison import compare
from provisioner.model.values import Json

NET = "Microsoft.Network"
PEERING = f"{NET}/virtualNetworks/virtualNetworkPeerings"
ENDPOINT = f"{NET}/privateEndpoints"
FLUX = "Microsoft.KubernetesConfiguration/fluxConfigurations"
LEVEL, STATE = "properties.peeringSyncLevel", "properties.peeringState"
LINK = "properties.privateLinkServiceConnections[vault].properties"
STATUS = f"{LINK}.privateLinkServiceConnectionState.status"
WELL, OURS, ANEW = None, Repair.WRITE, Repair.REPLACE
THEIRS = Repair.OTHERS


def peering(state: str, level: str) -> Json:
    return {"peeringState": state, "peeringSyncLevel": level}


def endpoint(status: str, kind: str = "privateLinkServiceConnections") -> Json:
    state = {"status": status, "description": "", "actionsRequired": "None"}
    return {kind: [{"name": "vault", "properties": {"privateLinkServiceConnectionState": state}}]}


STATES = [
    pytest.param(PEERING, peering("Connected", "FullyInSync"), None, WELL, id="in sync"),
    pytest.param(PEERING, peering("Initiated", "RemoteNotInSync"), None, WELL, id="waits"),
    pytest.param(PEERING, peering("Connected", "LocalNotInSync"), LEVEL, OURS, id="local"),
    pytest.param(PEERING, peering("Connected", "LocalAndRemoteNotInSync"), LEVEL, OURS, id="both"),
    pytest.param(PEERING, peering("Connected", "RemoteNotInSync"), LEVEL, THEIRS, id="remote"),
    pytest.param(PEERING, peering("Disconnected", "FullyInSync"), STATE, OURS, id="disconnected"),
    pytest.param(ENDPOINT, endpoint("Approved"), None, WELL, id="approved"),
    pytest.param(ENDPOINT, endpoint("Pending"), None, WELL, id="nobody has approved yet"),
    pytest.param(ENDPOINT, endpoint("Rejected"), STATUS, THEIRS, id="rejected"),
    pytest.param(ENDPOINT, endpoint("Disconnected"), STATUS, ANEW, id="removed"),
    pytest.param(
        ENDPOINT,
        endpoint("Rejected", "manualPrivateLinkServiceConnections"),
        STATUS.replace("private", "manualPrivate", 1),
        THEIRS,
        id="rejected, by hand",
    ),
    pytest.param(FLUX, {"complianceState": "Pending"}, None, WELL, id="not applied yet"),
    pytest.param(
        FLUX,
        {"complianceState": "Non-Compliant"},
        "properties.complianceState",
        THEIRS,
        id="not applied",
    ),
]


@pytest.mark.parametrize(("kind", "properties", "path", "repair"), STATES)
def test_an_ailing_state_is_a_change_with_its_repair(
    catalog: Catalog,
    kind: str,
    properties: dict[str, Json],
    path: str | None,
    repair: Repair | None,
) -> None:
    resource_type = catalog.get(kind)
    stated = {
        "properties": {
            key: [{"name": "vault", "properties": {"groupIds": []}}]
            for key in properties
            if key.endswith("Connections")
        }
    }
    result = compare(resource_type, catalog.schemas, stated, {"properties": properties})
    found = [(c.path, c.declared, c.forces_replace) for c in result.changes if c.is_state]
    expected = [(path, repair is not Repair.OTHERS, repair is Repair.REPLACE)] if path else []
    assert found == expected
