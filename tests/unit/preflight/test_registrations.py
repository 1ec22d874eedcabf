"""Resource providers and features, in every subscription that a plan touches."""

import pytest

from provisioner.preflight.registrations import CHECK
from tests.unit.preflight.intents import CLUSTER, DENIED, Intents, codes, judge, make_intent

OTHER = "22222222-2222-2222-2222-222222222222"
ZONE = (
    f"/subscriptions/{OTHER}/resourceGroups/rg/providers/Microsoft.Network/privateDnsZones/"
    "privatelink.westeurope.azmk8s.io"
)
PLAIN: dict[str, object] = {}
HOST = {"agentPoolProfiles": [{"name": "system", "enableEncryptionAtHost": True}]}
POLICY = {"addonProfiles": {"azurepolicy": {"enabled": True}}}
ETCD = {
    "securityProfile": {
        "kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"}
    }
}
NEEDED = ("Microsoft.ContainerService", "Microsoft.Compute", "Microsoft.Network")


def providers(*missing: str, state: str = "NotRegistered", absent: str = "") -> list[object]:
    names = (*NEEDED, "Microsoft.PolicyInsights", "Microsoft.Security")
    return [
        {"namespace": n.lower(), "registrationState": state if n in missing else "Registered"}
        for n in names
        if n != absent
    ]


def feature(state: str) -> list[object]:
    return [{"properties": {"state": state}}]


ROWS = [
    pytest.param(PLAIN, providers(), [], [], id="all are registered"),
    pytest.param(
        PLAIN,
        providers("Microsoft.ContainerService"),
        [],
        ["error: not-registered"],
        id="the provider of the type",
    ),
    pytest.param(
        PLAIN,
        providers("Microsoft.Compute"),
        [],
        ["error: not-registered"],
        id="a provider that makes the nodes",
    ),
    pytest.param(
        POLICY,
        providers("Microsoft.PolicyInsights"),
        [],
        ["error: not-registered"],
        id="a provider that a property needs",
    ),
    pytest.param(
        PLAIN,
        providers("Microsoft.PolicyInsights"),
        [],
        [],
        id="a provider that nothing here needs",
    ),
    pytest.param(
        PLAIN,
        providers("Microsoft.Compute", state="Registering"),
        [],
        ["warning: not-registered"],
        id="on its way",
    ),
    pytest.param(
        PLAIN,
        providers(absent="Microsoft.Compute"),
        [],
        ["warning: not-registered"],
        id="a cloud that does not have it",
    ),
    pytest.param(HOST, providers(), feature("Registered"), [], id="a feature that is there"),
    pytest.param(
        HOST,
        providers(),
        feature("NotRegistered"),
        ["error: not-registered"],
        id="a feature of a pool in the cluster's body",
    ),
    pytest.param(
        ETCD,
        providers(),
        feature("Pending"),
        ["warning: not-registered"],
        id="a feature that waits for approval",
    ),
    pytest.param(PLAIN, DENIED, [], ["warning: not-checked"], id="nobody may list providers"),
    pytest.param(
        HOST, providers(), DENIED, ["warning: not-checked"], id="nobody may read features"
    ),
]


@pytest.mark.parametrize(("properties", "listed", "features", "expected"), ROWS)
def test_a_new_cluster(intents: Intents, properties, listed, features, expected) -> None:
    intent = make_intent(intents.write(CLUSTER, {"properties": properties}))

    assert codes(judge(CHECK, intent, {"/features/": features, "/providers$": listed})) == expected


def test_the_subscription_of_a_zone_elsewhere_is_asked_too(intents: Intents) -> None:
    access = {"apiServerAccessProfile": {"privateDNSZone": ZONE}}
    intent = make_intent(intents.write(CLUSTER, {"properties": access}))
    answers = {
        "/11111111.*/providers$": providers(),
        "/22222222.*/providers$": providers("Microsoft.ContainerService"),
    }

    (told,) = judge(CHECK, intent, answers)

    assert "needs the resource provider Microsoft.ContainerService" in told.message
    assert OTHER in told.message
    assert told.hint is not None
    assert (
        f"az provider register --namespace Microsoft.ContainerService --subscription {OTHER}"
        in (told.hint)
    )
