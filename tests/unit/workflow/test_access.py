"""`azsec access` reads what it takes to say who can do what, and says what it could not read."""

from collections.abc import Sequence

import pytest

from provisioner.catalog.built_in_roles import find_built_in_role
from provisioner.documents.access import AccessDocument, AccessState
from provisioner.engine.ports import Reader
from provisioner.model.values import Body
from provisioner.plan.reads import Answer, Read
from provisioner.reports.access_wording import denied, scope_of_claim
from provisioner.simulator.protocol.faults import Fault
from provisioner.workflow.access import explain_access
from provisioner.workflow.access_question import Question
from tests.environments import Bench

S = "/subscriptions/11111111-1111-1111-1111-111111111111"
OTHER = "/subscriptions/44444444-4444-4444-4444-444444444444"
AUTHORIZATION = "providers/Microsoft.Authorization"
ADA = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"
OURS = "5b0e1d2c-3f4a-4b5c-8d6e-7f8091a2b3c4"
OWNER = f"{S}/{AUTHORIZATION}/roleDefinitions/{find_built_in_role('Owner')}"


class LicensedReader:
    """Reads the built-in Azure, as if its directory had the licence for eligible roles."""

    def __init__(self, bench: Bench, eligible: Body) -> None:
        self._reader: Reader = bench.client
        self._eligible = eligible

    def read(self, reads: Sequence[Read]) -> Sequence[Answer]:
        if reads and reads[0].type.endswith("/roleEligibilityScheduleInstances"):
            return [Answer(read, (self._eligible,)) for read in reads]
        return self._reader.read(reads)


def ask(bench: Bench, reader: Reader | None = None, **question: object) -> AccessDocument:
    asked = Question(AccessState.ACTUAL, **question)  # type: ignore[arg-type]
    return explain_access(bench.compose(""), bench.catalog, lambda: reader or bench.client, asked)


def assign(bench: Bench, definition: str, scope: str = S) -> None:
    path = f"{scope}/{AUTHORIZATION}/roleAssignments/00000000-0000-4000-8000-000000000001"
    properties = {"principalId": ADA, "principalType": "User", "roleDefinitionId": definition}
    bench.send("PUT", path, {"properties": properties})


def test_eligible_roles_are_listed_as_eligible(bench: Bench) -> None:
    instance = f"{S}/{AUTHORIZATION}/roleEligibilityScheduleInstances/one"
    eligible: Body = {
        "id": instance,
        "properties": {"principalId": ADA, "principalType": "User", "roleDefinitionId": OWNER},
    }
    document = ask(bench, LicensedReader(bench, eligible), eligible=True)
    (grant,) = document.grants
    assert (grant.eligible, grant.capability, grant.assignment) == (
        True, "administers access", instance,
    )  # fmt: skip
    assert document.unreadable == ()


def test_a_directory_without_the_licence_is_said_and_no_failure(bench: Bench) -> None:
    document = ask(bench, eligible=True)
    assert "AadPremiumLicenseRequired" in document.unreadable[0].reason
    assert not document.is_partial


def test_a_role_that_no_list_shows_is_read_by_its_id(bench: Bench) -> None:
    definition = f"{OTHER}/{AUTHORIZATION}/roleDefinitions/{OURS}"
    permissions = [{"actions": ["Microsoft.KeyVault/vaults/write"]}]
    body = {
        "roleName": "Vaults",
        "permissions": permissions,
        "assignableScopes": [OTHER, S],
    }
    bench.send("PUT", definition, {"properties": body})
    assign(bench, definition)
    (grant,) = ask(bench, action="Microsoft.KeyVault/vaults/write").grants
    assert (grant.role.name, grant.role.known, grant.by_assigning) == ("Vaults", True, False)


def test_what_can_be_had_by_assigning_roles_is_told_apart(bench: Bench) -> None:
    assign(bench, OWNER)
    (grant,) = ask(
        bench, action="Microsoft.KeyVault/vaults/secrets/getSecret/action", data=True
    ).grants
    assert grant.by_assigning


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        pytest.param(
            "roleAssignments", "Role assignments of 1 subscription could not be read: who is not "
            "listed may have access too.",
            id="who has access",
        ),
        pytest.param(
            "roleDefinitions", "Role definitions of 1 subscription could not be read: a role that "
            "is listed may allow more than is shown.",
            id="what roles allow",
        ),
        pytest.param(
            "denyAssignments", "Deny assignments of 1 subscription could not be read: who is "
            "listed may have less access.",
            id="what is denied",
        ),
    ],
)  # fmt: skip
def test_a_list_that_was_refused_makes_the_answer_partial(
    bench: Bench, kind: str, said: str
) -> None:
    bench.server.faults.add(
        Fault(
            method="GET",
            path=f"/{kind}$",
            times=None,
            status=403,
            code="AuthorizationFailed",
            message="not yours",
        )
    )
    document = ask(bench)
    assert document.is_partial
    (unread,) = document.unreadable
    assert (unread.path, unread.reason) == (
        f"{S}/{AUTHORIZATION}/{kind}", "AuthorizationFailed: not yours",
    )  # fmt: skip
    assert scope_of_claim(document) == said


def test_a_deny_assignment_is_told_with_what_it_leaves(bench: Bench) -> None:
    entry = {"actions": ["*"], "notActions": ["*/read"], "dataActions": ["*"]}
    everyone = {"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}
    properties = {
        "denyAssignmentName": "Frozen",
        "permissions": [entry],
        "principals": [everyone],
        "doNotApplyToChildScopes": True,
    }
    path = f"{S}/{AUTHORIZATION}/denyAssignments/00000000-0000-4000-8000-000000000005"
    bench.send("PUT", path, {"properties": properties})
    (denial,) = ask(bench).denials
    assert denied(denial) == (
        "* except */read; data actions * · everyone · at subscription workload alone"
    )
