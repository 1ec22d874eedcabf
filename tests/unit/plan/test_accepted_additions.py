"""Additions that an environment accepts: no drift, never more than an entry names."""

import json
from datetime import date
from time import process_time

import pytest

from provisioner.blueprint.accepted_additions import Acceptance
from provisioner.catalog.registry import Catalog
from provisioner.documents.controls import FindingDocument
from provisioner.documents.drift import DriftDocument
from provisioner.documents.trace import StateKind
from provisioner.model.actual import ActualState, Found
from provisioner.model.diagnostic import DiagnosticError, Severity
from provisioner.model.resource_id import ResourceId
from provisioner.model.span import Span
from provisioner.model.values import Body
from provisioner.plan.accepted_additions import sort_additions
from provisioner.plan.additions import Addition
from provisioner.simulator.protocol.faults import Fault
from provisioner.workflow.check import check_environment
from provisioner.workflow.drift import check_drift
from tests.environments import Bench, compose_small
from tests.laws.foreign_writes import CONTRIBUTOR, OWNER, READER, ROLES, STRANGER
from tests.laws.neighbours import IDENTITY, ROLE, WORKLOAD, group_id, id_of

ONE = f"one: {{type: {IDENTITY}, resourceGroup: main, name: id-one}}"
TWO = f"{ONE}\ntwo: {{type: {IDENTITY}, resourceGroup: main, name: id-two}}"
ANOTHER = "88888888-2222-3333-4444-555555555555"
GROUP = group_id("rg-main")


def accept(**entry: object) -> str:
    """Return an entry of `accepted:`: reading the group, by one person."""
    stated = {
        "scope": "resourceGroups.main",
        "principal": STRANGER,
        "role": "Contributor",
        "reason": "the platform team",
        "owner": "platform@contoso.example",
        "expires": "2027-06-30",
        **entry,
    }
    lines = (f"{key}: {json.dumps(value)}" for key, value in stated.items() if value is not None)
    return "  - " + "\n    ".join(lines) + "\n"


class Tampered:
    """A small environment, applied, to which others give access."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        bench.apply(bench.plan(bench.compose(TWO)))
        self.given = 0

    def grant(self, scope: str, role: str, principal: str = STRANGER) -> str:
        self.given += 1
        text = f"{scope}/providers/{ROLE}/{self.given:08d}-0000-0000-0000-000000000000"
        properties = {
            "roleDefinitionId": f"{ROLES}/{role}",
            "principalId": principal,
            "principalType": "User",
        }
        self.bench.send("PUT", text, {"properties": properties}, "2022-04-01")
        return text

    def drift(self, *accepted: str) -> DriftDocument:
        desired = self.bench.compose(TWO, accepted="".join(accepted))
        return check_drift(desired, self.bench.catalog, self.bench.client)

    def findings(self, control: str, resource: str, accepted: str) -> list[FindingDocument]:
        desired = self.bench.compose(TWO, accepted=accepted)
        document = check_environment(
            desired, self.bench.catalog, lambda: self.bench.client, StateKind.ACTUAL
        )
        (result,) = (r for r in document.results if r.control.id == control)
        return [seen for seen in result.findings if seen.id == resource]


@pytest.fixture
def site(bench: Bench) -> Tampered:
    return Tampered(bench)


def codes(document: DriftDocument) -> list[tuple[Severity, str]]:
    return [(told.severity, told.code) for told in document.diagnostics]


def test_what_is_accepted_is_no_drift_and_is_listed(site: Tampered) -> None:
    given = site.grant(GROUP, CONTRIBUTOR)

    document = site.drift(accept())

    assert not document.found
    (entry,) = document.accepted
    assert entry.addition.id == given
    assert (entry.owner, entry.expires) == ("platform@contoso.example", "2027-06-30")
    assert entry.place.startswith("environment.yaml:")


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param({"scope": GROUP.upper()}, id="the id of the scope, in capitals"),
        pytest.param({"scope": f"/subscriptions/{WORKLOAD}/*", "atMost": 2}, id="ids below one"),
        pytest.param({"principal": "99999999-*", "atMost": 2}, id="principals that begin so"),
        pytest.param({"role": "Owner"}, id="a role that allows more"),
        pytest.param({"role": CONTRIBUTOR}, id="the GUID of the role"),
        pytest.param({"role": f"{ROLES}/{CONTRIBUTOR}"}, id="the id of the role"),
        pytest.param({"type": "Microsoft.Authorization/roleAssignments"}, id="the type in full"),
    ],
)
def test_an_entry_accepts_what_it_names(site: Tampered, entry: dict[str, object]) -> None:
    site.grant(GROUP, CONTRIBUTOR)

    document = site.drift(accept(**entry))

    assert (document.found, len(document.accepted)) == (False, 1)


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param({"scope": "one"}, id="another scope"),
        pytest.param({"principal": ANOTHER}, id="another principal"),
        pytest.param(
            {"type": "locks", "principal": None, "role": None, "name": "x"}, id="another type"
        ),
    ],
)
def test_an_entry_accepts_nothing_else_and_is_told(
    site: Tampered, entry: dict[str, object]
) -> None:
    site.grant(GROUP, CONTRIBUTOR)

    document = site.drift(accept(**entry))

    assert (document.found, document.accepted) == (True, ())
    assert codes(document) == [(Severity.WARNING, "acceptance-unused")]
    assert document.diagnostics[0].place is not None


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        pytest.param({"scope": "one"}, " is on resourceGroups.main, and not on one.", id="scope"),
        pytest.param({"principal": ANOTHER}, "", id="another principal is nobody's mistake"),
        pytest.param(
            {"type": "locks", "principal": None, "role": None, "name": "frozen"},
            " On resourceGroups.main is freeze, and not frozen.",
            id="name",
        ),
    ],
)
def test_an_entry_that_matches_nothing_is_told_with_what_it_nearly_matches(
    site: Tampered, entry: dict[str, object], said: str
) -> None:
    site.grant(GROUP, CONTRIBUTOR)
    lock = f"{GROUP}/providers/Microsoft.Authorization/locks/freeze"
    site.bench.send("PUT", lock, {"properties": {"level": "ReadOnly"}}, "2020-05-01")

    (told,) = site.drift(accept(**entry)).diagnostics

    assert (told.hint or "").startswith("It may be gone: remove the entry.")
    assert (told.hint or "").endswith(said or "entry.")


@pytest.mark.parametrize("pattern", ["99999999-2222-*", "*", "*-444444444444", "9*-*"])
def test_a_pattern_of_object_ids_is_taken(catalog: Catalog, pattern: str) -> None:
    desired = compose_small(ONE, catalog, accepted=accept(principal=pattern, atMost=1))

    assert desired.environment.accepted[0].principal == pattern


def test_controls_that_fail_by_an_accepted_assignment_are_waived_by_it(site: Tampered) -> None:
    given = site.grant(GROUP, OWNER)
    failing = {turn.control for turn in site.drift().security.failing}
    assert "ENV-05.3" in failing

    document = site.drift(accept(role="Owner"))

    assert not {"ENV-05.3"} & {turn.control for turn in document.security.failing}
    (seen,) = site.findings("ENV-05.3", given, accept(role="Owner"))
    assert (seen.verdict, seen.waiver.reason if seen.waiver else None) == (
        "waived", "the platform team",
    )  # fmt: skip


def test_an_assignment_beside_an_accepted_one_fails_all_the_same(site: Tampered) -> None:
    given, other = site.grant(GROUP, OWNER), site.grant(GROUP, OWNER, ANOTHER)
    accepted = accept(role="Owner")

    (waived,) = site.findings("ENV-05.3", given, accepted)
    (failing,) = site.findings("ENV-05.3", other, accepted)

    assert (waived.verdict, failing.verdict) == ("waived", "fail")


def test_a_role_that_allows_more_is_not_accepted(site: Tampered) -> None:
    given = site.grant(GROUP, OWNER)

    document = site.drift(accept())

    assert [addition.id for addition in document.additions] == [given]
    assert codes(document) == [(Severity.ERROR, "acceptance-exceeded")]
    assert given in document.diagnostics[0].message
    assert "Owner is not known to grant no more than Contributor" in document.diagnostics[0].message


def test_a_role_that_allows_more_does_not_block_a_plan(site: Tampered) -> None:
    site.grant(GROUP, OWNER)

    plan = site.bench.plan(site.bench.compose(TWO, accepted=accept()))

    assert plan.can_apply()
    assert [told.code for told in plan.document.diagnostics] == ["acceptance-exceeded"]


def test_the_entry_that_names_the_role_comes_before_one_that_allows_more(site: Tampered) -> None:
    site.grant(GROUP, CONTRIBUTOR)
    site.grant(GROUP, READER)

    document = site.drift(accept(), accept(role="Reader"))

    assert (document.found, len(document.accepted), document.diagnostics) == (False, 2, ())


def test_more_than_an_entry_allows_is_not_accepted_at_all(site: Tampered) -> None:
    first = site.grant(GROUP, CONTRIBUTOR)
    second = site.grant(id_of(IDENTITY, "id-one"), CONTRIBUTOR, ANOTHER)
    third = site.grant(id_of(IDENTITY, "id-two"), CONTRIBUTOR, ANOTHER)

    document = site.drift(accept(scope="*", principal="*", atMost=2))

    assert {addition.id for addition in document.additions} == {first, second, third}
    assert document.accepted == ()
    assert codes(document) == [(Severity.ERROR, "acceptance-exceeded")]
    assert "accepts 2 and matches 3" in document.diagnostics[0].message


def test_a_custom_role_of_the_name_of_a_built_in_one_is_not_that_role(site: Tampered) -> None:
    scope = f"/subscriptions/{WORKLOAD}"
    guid = "00000000-1111-2222-3333-444444444444"
    site.bench.send(
        "PUT",
        f"{ROLES}/{guid}",
        {
            "properties": {
                "roleName": "Contributor",
                "type": "CustomRole",
                "permissions": [{"actions": ["*"]}],
                "assignableScopes": [scope],
            }
        },
        "2022-04-01",
    )
    site.grant(GROUP, guid)

    document = site.drift(accept())

    assert document.found
    assert codes(document) == [(Severity.ERROR, "acceptance-exceeded")]


@pytest.mark.parametrize(
    ("role", "told"),
    [
        pytest.param("Contoso Operator", [], id="a role of the tenant, by its name"),
        pytest.param("contoso operator", [], id="in any case"),
        pytest.param("Contoso Nobody", ["acceptance-exceeded"], id="a name that no role has"),
    ],
)
def test_a_custom_role_that_the_blueprint_does_not_have_is_named(
    site: Tampered, role, told
) -> None:
    guid = "00000000-1111-2222-3333-666666666666"
    properties = {
        "roleName": "Contoso Operator",
        "type": "CustomRole",
        "permissions": [{"actions": ["*/read"]}],
        "assignableScopes": [f"/subscriptions/{WORKLOAD}"],
    }
    site.bench.send("PUT", f"{ROLES}/{guid}", {"properties": properties}, "2022-04-01")
    site.grant(GROUP, guid)

    document = site.drift(accept(role=role))

    assert document.found is bool(told)
    assert [code for _, code in codes(document)] == told


CUSTOM = "00000000-1111-2222-3333-555555555555"
READS = ({"actions": ["*/read"]},)


def accepted_of(
    catalog: Catalog, *additions: Addition, role: str = "Reader", state: ActualState | None = None
) -> list[str]:
    """Return the names of the additions that an entry for a role of the stranger's accepts."""
    entry = Acceptance(
        ROLE, "*", "*", None, role, "r", "o", date(2027, 1, 1), 5000, Span("e.yaml", 1, 1)
    )
    sorting = sort_additions(additions, [entry], state or ActualState({}), catalog)
    return [each.addition.id.name for each in sorting.accepted]


def given(name: str, role: object) -> Addition:
    """Return an assignment on the group as an addition, whatever stands for its role."""
    resource = ResourceId.parse(f"{GROUP}/providers/{ROLE}/{name}")
    body = {"properties": {"principalId": STRANGER, "roleDefinitionId": role}}
    return Addition(resource, ResourceId.parse(GROUP), None, "grants access", body)  # type: ignore[arg-type]


def test_an_assignment_whose_role_cannot_be_read_is_not_accepted(catalog: Catalog) -> None:
    unreadable = [None, 7, "", READER, f"{GROUP}/providers/Microsoft.KeyVault/vaults/{READER}"]

    found = accepted_of(
        catalog,
        given("known", f"{ROLES}/{READER}"),
        *(given(f"unreadable-{number}", role) for number, role in enumerate(unreadable)),
    )

    assert found == ["known"]


def test_a_custom_role_is_named_whatever_the_case(catalog: Catalog) -> None:
    definition = ResourceId.parse(f"{ROLES}/{CUSTOM}")
    body: Body = {"properties": {"roleName": "Contoso Auditor", "permissions": READS}}
    state = ActualState({definition.key: Found(definition, body, None)})

    found = accepted_of(
        catalog, given("theirs", f"{ROLES}/{CUSTOM}"), role="contoso auditor", state=state
    )

    assert found == ["theirs"]


def test_a_role_of_an_entry_is_sought_once_for_all_additions(catalog: Catalog) -> None:
    """A name that no role has is compared with all 963 for its hint: once, it takes 20 ms."""
    many = [given(f"{number:04}", f"{ROLES}/{READER}") for number in range(2000)]
    before = process_time()

    found = accepted_of(catalog, *many, role="Contoso Auditor That Is Nowhere")

    assert found == []
    assert process_time() - before < 5


def test_an_existing_assignment_of_the_blueprint_is_no_addition(site: Tampered) -> None:
    given = site.grant(GROUP, CONTRIBUTOR)
    known = f"""
known:
  type: {ROLE}
  scope: ${{resourceGroups.main.id}}
  name: {given.rpartition("/")[2]}
  existing: true
"""

    desired = site.bench.compose(TWO + known)

    assert check_drift(desired, site.bench.catalog, site.bench.client).additions == ()


def test_a_list_that_is_refused_is_an_error_and_no_claim_that_an_entry_is_unused(
    site: Tampered,
) -> None:
    site.bench.server.faults.add(
        Fault(path="roleAssignments$", status=403, code="AuthorizationFailed", times=None)
    )

    document = site.drift(accept())

    assert not document.found
    assert codes(document) == [(Severity.ERROR, "cannot-list")]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        pytest.param({"expires": "2027-01-14"}, "was accepted until 2027-01-14", id="expired"),
        pytest.param({"scope": "ones"}, "there is no resource at 'ones'", id="no such address"),
        pytest.param({"role": "Contributer"}, "no built-in role 'Contributer'", id="no such role"),
        pytest.param({"role": None}, "takes 'role'", id="an assignment without a role"),
        pytest.param({"principal": None}, "takes 'principal'", id="without a principal"),
        pytest.param({"name": "x"}, "takes no 'name'", id="an assignment by its name"),
        pytest.param({"principal": "*"}, "'atMost' is not stated", id="a pattern without a number"),
        pytest.param(
            {"principal": "jo@contoso.example"},
            "no principal has the object id 'jo@contoso",
            id="the name of a person",
        ),
        pytest.param({"principal": "one"}, "object id 'one': it is an address", id="an address"),
        pytest.param(
            {"principal": "9d4f2c6-*", "atMost": 1},
            "no principal has the object id '9d4f2c6-",
            id="a pattern of no GUID",
        ),
        pytest.param(
            {"principal": "*-9d4f2c61-*", "atMost": 1},
            "no principal has the object id",
            id="a group of digits that no GUID has there",
        ),
        pytest.param({"scope": "/subscriptons/x"}, "is not a resource id", id="a misspelled id"),
        pytest.param({"type": "roleAssignment"}, "is not a type of an addition", id="no such type"),
        pytest.param(
            {"type": "locks", "principal": None}, "takes 'name'", id="a lock without a name"
        ),
    ],
)
def test_an_entry_that_cannot_hold_is_refused_at_its_place(
    catalog: Catalog, entry: dict[str, object], message: str
) -> None:
    with pytest.raises(DiagnosticError, match=message) as refused:
        compose_small(ONE, catalog, accepted=accept(**entry))

    assert str(refused.value).startswith("environment.yaml:")


def test_an_entry_that_stands_twice_is_refused(catalog: Catalog) -> None:
    with pytest.raises(DiagnosticError, match=r"is accepted at .* already"):
        compose_small(ONE, catalog, accepted=accept() + accept())


def test_an_entry_that_ends_soon_is_warned_of(catalog: Catalog) -> None:
    desired = compose_small(ONE, catalog, accepted=accept(expires="2027-01-29"))

    assert [told.code for told in desired.diagnostics] == ["acceptance-expires"]
