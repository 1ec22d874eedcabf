"""`azsec access` answers "nobody" only about somebody who is there: the rest are errors."""

import pytest

from provisioner.documents.access import AccessDocument, AccessState
from provisioner.model.diagnostic import DiagnosticError
from provisioner.simulator.protocol.faults import Fault
from provisioner.workflow.access import explain_access
from provisioner.workflow.access_question import Question
from tests.environments import Bench

S = "/subscriptions/11111111-1111-1111-1111-111111111111"
OTHER = "/subscriptions/44444444-4444-4444-4444-444444444444"
STRANGER = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
GET_SECRET = "Microsoft.KeyVault/vaults/secrets/getSecret/action"
CLUSTER = "Microsoft.ContainerService/managedClusters"

SITE = f"""\
vnet:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet-main
  properties: {{addressSpace: {{addressPrefixes: [10.0.0.0/16]}}}}
kubelet: {{type: {IDENTITY}, resourceGroup: main, name: id-kubelet}}
control: {{type: {IDENTITY}, resourceGroup: main, name: id-control}}
cluster:
  type: {CLUSTER}
  resourceGroup: main
  name: aks-main
  identity:
    type: UserAssigned
    userAssignedIdentities: {{"${{control.id}}": {{}}}}
  properties:
    dnsPrefix: aks
    identityProfile: {{kubeletidentity: {{resourceId: "${{kubelet.id}}"}}}}
    agentPoolProfiles: [{{name: system, count: 1, vmSize: Standard_D2s_v5, mode: System}}]
"""
READER = """\
kubeletReads:
  type: Microsoft.Authorization/roleAssignments
  scope: ${vnet.id}
  name: ${guid(vnet.id, kubelet.id, "Reader")}
  properties:
    principalId: ${kubelet.properties.principalId}
    principalType: ServicePrincipal
    roleDefinitionId: ${roleDefinitionId(vnet.id, "Reader")}
"""


def ask(
    bench: Bench, resources: str = SITE, state: AccessState = AccessState.DESIRED, **asked: object
) -> AccessDocument:
    question = Question(state, **asked)  # type: ignore[arg-type]
    return explain_access(bench.compose(resources), bench.catalog, lambda: bench.client, question)


def refused(bench: Bench, **asked: object) -> str:
    with pytest.raises(DiagnosticError) as told:
        ask(bench, **asked)  # type: ignore[arg-type]
    return str(told.value)


@pytest.mark.parametrize("state", AccessState)
@pytest.mark.parametrize("who", ["kubelet", "KUBELET", "cluster"])
def test_a_resource_stands_for_all_identities_that_it_signs_in_as(
    bench: Bench, state: AccessState, who: str
) -> None:
    bench.apply(bench.plan(bench.compose(SITE + READER)))
    (grant,) = ask(bench, SITE + READER, state, principal=who).grants
    assert (grant.principal.address, grant.role.name) == ("kubelet", "Reader")


def test_an_identity_that_nothing_is_assigned_to_has_no_access(bench: Bench) -> None:
    document = ask(bench, SITE + READER, principal="control")
    assert (document.grants, document.diagnostics) == ((), ())


def test_an_identity_that_could_not_be_read_is_not_nobody(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(SITE + READER)))
    bench.server.faults.add(
        Fault(
            method="GET",
            path="userAssignedIdentities",
            times=None,
            status=403,
            code="AuthorizationFailed",
            message="not yours",
        )
    )
    told = refused(bench, resources=SITE, state=AccessState.ACTUAL, principal="kubelet")
    assert "the object id of kubelet could not be read: " in told
    assert "not yours" in told


def test_an_identity_that_does_not_exist_yet_is_not_nobody(bench: Bench) -> None:
    told = refused(bench, state=AccessState.ACTUAL, principal="kubelet")
    assert "kubelet does not exist in Azure" in told


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        pytest.param(
            {"principal": "kublet"}, "'kublet' is neither an object id nor the address of an "
            "identity. Did you mean 'kubelet'?",
            id="a misspelled address",
        ),
        pytest.param(
            {"principal": "nobody"}, "Expected one of: cluster, control, kubelet.",
            id="no address at all",
        ),
        pytest.param(
            {"principal": "vnet"}, "vnet (Microsoft.Network/virtualNetworks) has no identity",
            id="a resource without an identity",
        ),
        pytest.param(
            {"action": "foo"}, "'foo' is not an action of Azure RBAC. Expected PROVIDER/TYPE/read",
            id="no action",
        ),
        pytest.param(
            {"action": "Microsoft.Network/virtualNetworks"}, "is not an action of Azure RBAC",
            id="a type",
        ),
        pytest.param(
            {"action": "Microsoft.Netwrk/virtualNetworks/write"}, "'Microsoft.Netwrk' is not the "
            "namespace of a known resource provider. Did you mean 'Microsoft.Network'?",
            id="a misspelled namespace",
        ),
        pytest.param(
            {"action": GET_SECRET}, f"{GET_SECRET} is a data action. Use --data-action.",
            id="a data action",
        ),
        pytest.param(
            {"action": f"{CLUSTER}/secrets/read"}, "is a data action. Use --data-action.",
            id="a data action of the cluster",
        ),
        pytest.param(
            {"action": "Microsoft.Network/virtualNetworks/write", "data": True},
            "is an action of Azure Resource Manager, not a data action. Use --can.",
            id="no data action",
        ),
        pytest.param(
            {"resource": f"{OTHER}/resourceGroups/rg-main"}, "is in the subscription "
            "44444444-4444-4444-4444-444444444444, which is not of the environment",
            id="another subscription",
        ),
    ],
)  # fmt: skip
def test_a_question_that_can_have_no_answer_is_an_error(
    bench: Bench, asked: dict[str, object], said: str
) -> None:
    assert said in refused(bench, **asked)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        pytest.param(
            {"principal": STRANGER}, f"no role assignment that was looked at names {STRANGER}.",
            id="an object id that nothing names",
        ),
        pytest.param(
            {"action": "Microsoft.Network/virtualNetwork/write"},
            "neither the catalog nor a built-in role names the action "
            "Microsoft.Network/virtualNetwork/write: it may be misspelled.",
            id="a misspelled type",
        ),
        pytest.param(
            {"action": f"{CLUSTER}/frobs/write"}, f"{CLUSTER}/frobs/write may be a data action: "
            f"built-in roles grant {CLUSTER}/* as data actions.",
            id="an action that may be of data",
        ),
    ],
)  # fmt: skip
def test_a_question_that_may_be_wrong_is_answered_with_a_warning(
    bench: Bench, asked: dict[str, object], said: str
) -> None:
    document = ask(bench, **asked)  # type: ignore[arg-type]
    assert document.grants == ()
    assert [told.message for told in document.diagnostics] == [said]


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("Microsoft.Network/virtualNetworks/write", False),
        ("Microsoft.KeyVault/vaults/secrets/read", False),
        ("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", False),
        ("Microsoft.Network/*", False),
        ("*", False),
        (GET_SECRET, True),
        (f"{CLUSTER}/pods/exec/action", True),
    ],
)
def test_a_question_about_an_action_that_there_is_is_answered(
    bench: Bench, action: str, data: bool
) -> None:
    assert ask(bench, action=action, data=data).diagnostics == ()
