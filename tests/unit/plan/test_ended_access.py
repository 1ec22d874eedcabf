"""What ends with a resource whose id says nothing: the role, the principal and the scope."""

from provisioner.documents.plan import Action
from provisioner.reports.markdown import render_plan_markdown
from provisioner.reports.plan_text import render_plan_text
from provisioner.reports.styled import Line
from tests.environments import Bench

READER = """
identity:
  type: Microsoft.ManagedIdentity/userAssignedIdentities
  resourceGroup: main
  name: id-app
networks:
  type: Microsoft.Network/networkSecurityGroups
  resourceGroup: main
  name: nsg-app
"""
_ROLE = "/providers/Microsoft.Authorization/roleDefinitions/4d97b98b-1d4f-4787-a291-c67834d212e7"
ASSIGNMENT = """
pull:
  type: Microsoft.Authorization/roleAssignments
  name: ${guid(networks.id, "pull")}
  scope: ${networks.id}
  properties:
    principalId: ${identity.properties.principalId}
    principalType: ServicePrincipal
    roleDefinitionId: ROLE
""".replace("ROLE", _ROLE)


def _text(lines: list[Line]) -> str:
    return " ".join("".join(span.text for span in each) for each in lines)


def test_a_deleted_role_assignment_says_what_it_granted_to_whom_and_where(bench: Bench):
    bench.apply(bench.plan(bench.compose(READER + ASSIGNMENT)))
    plan = bench.plan(bench.compose(READER))
    (change,) = (one for one in plan.document.changes if one.action is Action.DELETE)

    assert change.ends is not None
    principal = change.ends.values["principalId"]
    assert (change.ends.role, change.ends.principal) == ("Network Contributor", "identity")
    told = (
        "ends role assignment: Network Contributor for service principal "
        f"{principal} (identity), on networks"
    )
    shown = " ".join(_text(list(render_plan_text(plan.document, 200))).split())
    assert told in shown
    assert told in render_plan_markdown(plan.document)
