"""What the text of a document promises whatever stands in it."""

import io

import pytest

from provisioner.catalog.field import Disruption, Owner
from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.plan import Action
from provisioner.model.diagnostic import Severity
from provisioner.reports import wording
from provisioner.reports.color import wants_color
from provisioner.reports.drift_text import drift_summary
from provisioner.reports.markdown import render_plan_markdown
from provisioner.reports.section_text import Columns
from provisioner.reports.security_text import security_total
from provisioner.reports.styled import columns_of
from provisioner.reports.text import RENDERERS, renderer_of, write_text
from provisioner.reports.type_names import kinds_of
from tests.reports import control_documents, documents
from tests.reports.documents import AKS, added, change, changed, removed

ALL = {
    "plan": documents.PLAN,
    "empty plan": documents.EMPTY_PLAN,
    "large plan": documents.large_plan(60),
    "drift": documents.DRIFT,
    "no drift": documents.EMPTY_DRIFT,
    "failed apply": documents.FAILED_APPLY,
    "apply": documents.FINISHED_APPLY,
}


def print_text(document, *, color=False, width=100):
    stream = io.StringIO()
    write_text(document, stream, color=color, width=width)
    return stream.getvalue()


def plan_of(*fields, action=Action.UPDATE, **more):
    entry = change("aks.cluster", "N/kinds/a", AKS, action, fields, **more)
    return documents.PLAN.model_copy(update={"changes": (entry,)})


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("width", [None, 20, 72, 200])
def test_without_color_there_is_no_escape_sequence(name, width):
    assert "\x1b" not in print_text(ALL[name], width=width)


@pytest.mark.parametrize("name", ALL)
def test_color_adds_nothing_but_sequences(name):
    import re

    colored = print_text(ALL[name], color=True)
    assert "\x1b[" in colored
    bare = "".join(
        f"{row.rstrip()}\n" for row in re.sub(r"\x1b\[[\d;]*m", "", colored).splitlines()
    )
    assert bare == print_text(ALL[name])


def test_lines_fit_the_terminal_but_for_ids_that_are_copied():
    for width in (80, 100, 140):
        rows = print_text(documents.PLAN, width=width).splitlines()
        too_long = [row for row in rows if len(row) > width and "/providers/" not in row]
        assert not too_long


EVIL = "\x1b[2J\u202e[bold]x[/bold]\nsecond"


def test_untrusted_text_is_neither_markup_nor_a_sequence():
    document = plan_of(
        changed(f"properties.{EVIL}", EVIL, EVIL + "2", reason=EVIL, owner=EVIL),
        added("properties.object", {EVIL: [EVIL, {EVIL: EVIL}]}),
        reason=EVIL,
        disruption=EVIL,
    ).model_copy(
        update={
            "diagnostics": (
                DiagnosticDocument(
                    severity=Severity.ERROR, code="x", message=EVIL, place=EVIL, hint=EVIL
                ),
            )
        }
    )
    printed = print_text(document)
    assert "\x1b" not in printed
    assert "\u202e" not in printed
    assert "[bold]x[/bold] second" in printed
    colored = print_text(document, color=True)
    assert "\x1b[2J" not in colored


FIELDS = {
    "a value that changes": (changed("properties.a", 1, 2), "a                 1 -> 2"),
    "a value that appears": (added("properties.a", "x"), "a                 + x"),
    "a value that goes": (removed("properties.a", "x"), "a                 - x"),
    "an entry of a list": (
        changed("properties.a", ["x", "y"], ["y"]),
        "a                 - x  (1 unchanged)",
    ),
    "a list that is only put in order": (
        changed("properties.a", ["x", "y"], ["y", "x"]),
        "a                 [x, y] -> [y, x]",
    ),
    "a list whose entry occurs twice": (
        changed("properties.a", ["x", "x"], ["x"]),
        "a                 - x  (1 unchanged)",
    ),
    "within an object only what differs": (
        changed("properties.a", {"b": 1, "properties": {"c": 2}}, {"b": 1, "properties": {"c": 3}}),
        "a.c               2 -> 3",
    ),
    "a security field": (
        changed("properties.a", True, False, security=True),
        "a                 true -> false  [security]",
    ),
    "a field that forces a replace": (
        changed("properties.a", 1, 2, forces_replace=True),
        "a                 1 -> 2  [forces replace]",
    ),
    "a field with another owner": (
        changed("properties.a", 1, 2, owner="policy"),
        "a                 1 -> 2  [set by policy]",
    ),
    "a value not known yet": (
        changed("properties.a", 1, "(known after apply: x.id)", unknown=True),
        "a                 1 -> (known after apply: x.id)",
    ),
}


@pytest.mark.parametrize("row", FIELDS)
def test_field(row):
    field, shown = FIELDS[row]
    lines = [" ".join(line.split()) for line in print_text(plan_of(field)).splitlines()]
    assert " ".join(shown.split()) in lines


def test_an_object_that_is_added_is_shown_whole():
    hosts = [f"host-{number}.example" for number in range(40)]
    printed = print_text(plan_of(added("properties.rules[a]", {"name": "a", "hosts": hosts})))
    assert all(host in printed for host in hosts)
    assert "name: a" not in printed, "the path says it"


def create_of(**values):
    fields = [added(f"properties.{path}", value) for path, value in values.items()]
    document = plan_of(*fields, action=Action.CREATE)
    rows = print_text(document).splitlines()
    return [row.removeprefix("      ") for row in rows[rows.index("    + create") + 1 :]]


CREATES = {
    "a property stands beside its name": ({"a": 1}, ["a  1"]),
    "a lonely property is named whole": ({"a.b.c": 1}, ["a.b.c  1"]),
    "properties of one are told together": (
        {"a.b": 1, "a.c": [1, 2]},
        ["a  b: 1, c: [1, 2]"],
    ),
    "a named entry stands for itself, and its name once": (
        {"rules[x].name": "x", "rules[x].b": 1, "rules[x].c": 2, "rules[y].b": 3},
        ["rules[x]", "  b: 1, c: 2", "rules[y].b  3"],
    ),
    "an entry in an entry stands for itself": (
        {"a[x].b": 1, "a[x].c": 1, "a[x].d[y].e": 1, "a[x].d[y].f": 1},
        ["a[x]", "  b: 1, c: 1", "a[x].d[y]", "  e: 1, f: 1"],
    ),
    "an entry without a name belongs to what it is in": (
        {"a[x].b[0].c": 1, "a[x].b[0].d": 2},
        ["a[x]", "  b[0].c: 1, b[0].d: 2"],
    ),
    "a description comes last": (
        {"a.description": "x", "a.b": 1},
        ["a  b: 1, description: x"],
    ),
    "a long list is counted": (
        {"a": [f"host-{n}.example" for n in range(40)]},
        ["a  [host-0.example, host-1.example, host-2.example, host-3.example, … 36 more]"],
    ),
}


@pytest.mark.parametrize("row", CREATES)
def test_create(row):
    values, shown = CREATES[row]
    assert create_of(**values)[: len(shown)] == shown


def test_a_create_is_folded_and_says_so():
    printed = create_of(**{f"p{number}": number for number in range(40)})
    assert "… and 8 more properties" in printed


def test_much_content_is_cut_and_says_so():
    printed = create_of(**{f"a.property{number}": "x" * 20 for number in range(40)})
    assert printed[0] == "a"
    assert printed[5].endswith("… 30 more")
    assert not printed[6]


def test_what_is_riskiest_stands_next_to_the_totals():
    printed = print_text(documents.PLAN)
    order = ["+ create", "~ update", "-/+ replace", "- delete", "! blocked", "Plan "]
    places = [printed.rindex(word) for word in order]
    assert places == sorted(places)


def test_a_plan_with_errors_says_that_it_cannot_be_applied():
    broken = DiagnosticDocument(severity=Severity.ERROR, code="x", message="It is broken.")
    document = documents.EMPTY_PLAN.model_copy(update={"diagnostics": (broken,)})
    printed = print_text(document)
    assert "This plan cannot be applied: it has errors." in printed
    assert "No changes" not in printed


def test_a_stream_that_knows_ascii_only_is_written_to():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    write_text(documents.PLAN, stream, color=False, width=100)
    stream.flush()
    assert b"3 create - 3 update" in raw.getvalue()


def test_the_words_for_disruption_are_the_catalogs():
    assert list(Disruption) == list(wording._DISRUPTIONS)
    assert Owner.BLUEPRINT == wording.BLUEPRINT


COLOR = {
    "a terminal has color": ({}, True, True),
    "a pipe has none": ({}, False, False),
    "NO_COLOR forbids it": ({"NO_COLOR": "1"}, True, False),
    "NO_COLOR wins": ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
    "an empty NO_COLOR says nothing": ({"NO_COLOR": ""}, True, True),
    "FORCE_COLOR colors a log": ({"FORCE_COLOR": "1"}, False, True),
    "FORCE_COLOR=0 forbids it": ({"FORCE_COLOR": "0"}, True, False),
    "a dumb terminal has none": ({"TERM": "dumb"}, True, False),
}


@pytest.mark.parametrize("row", COLOR)
def test_color(row):
    environ, is_terminal, expected = COLOR[row]
    assert wants_color(environ, is_terminal) is expected


def test_what_newly_fails_is_counted_by_what_refuses_it():
    (turn,) = control_documents.SECURITY.failing
    others = (
        turn.model_copy(update={"control": "PRF-03", "gate": "proofs"}),
        turn.model_copy(update={"control": "CLU-11.1", "severity": "low", "gate": None}),
    )
    security = control_documents.SECURITY.model_copy(
        update={"failing": (turn, *others), "passing": ()}
    )
    assert security_total(security) == (
        "3 newly fail: 1 at or above high (CLU-01.4), 1 of network proofs (PRF-03), "
        "1 not refused by a gate (CLU-11.1)"
    )
    drift = documents.EMPTY_DRIFT.model_copy(update={"security": security})
    assert drift_summary(drift) == "1 control newly fails at or above high · 76 in sync"


def first_plan(more=()):
    """A plan that makes 24 resources in two modules, one of which grants access."""
    creates = [
        documents.change(
            f"{module}.part{number}", kind, documents.AKS, Action.CREATE, [], grants_access=given
        )
        for module, count in (("hub", 12), ("teams", 12))
        for number in range(count)
        for kind, given in [
            ("Authorization/roleAssignments/a", "grants access to it")
            if (module, number) == ("teams", 3)
            else ("Network/virtualNetworks/v", None)
        ]
    ]
    return documents.EMPTY_PLAN.model_copy(
        update={
            "changes": (*creates, *more),
            "summary": documents.EMPTY_PLAN.summary.model_copy(update={"create": len(creates)}),
        }
    )


def test_the_creates_of_a_first_plan_are_grouped_by_module():
    told = print_text(first_plan())
    assert "  hub\n    + 12 create · 12 virtualNetworks\n" in told
    assert "  teams\n    + 12 create · 11 virtualNetworks, roleAssignments\n" in told
    assert "      grants access: teams.part3\n" in told
    assert "hub.part4" not in told


def test_whoever_wants_all_of_a_first_plan_asks_for_it():
    told = print_text(first_plan().model_copy(update={"lists_all": True}))
    assert told.count("+ create") == 24
    assert "+ create · grants access" in told


@pytest.mark.parametrize(
    "update",
    [
        pytest.param({"action": Action.DELETE}, id="a delete"),
        pytest.param({"action": Action.REPLACE}, id="a replace"),
        pytest.param({"action": Action.ADOPT}, id="an adoption"),
        pytest.param({"action": Action.BLOCKED}, id="what is blocked"),
        pytest.param({"disruption": "connections drop"}, id="a create that disrupts"),
        pytest.param({"reason": "made again"}, id="a create with a reason"),
    ],
)
def test_what_a_reviewer_must_see_is_in_no_group(update):
    plain_create = first_plan().changes[0]
    shown = plain_create.model_copy(update={"address": "spoke.special", **update})
    for told in (print_text(first_plan([shown])), render_plan_markdown(first_plan([shown]))):
        assert "spoke.special" in told


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize(
    "name", ["plan", "a-long-name-" * 6, "名前" * 20], ids=["short", "long", "wide characters"]
)
def test_lines_fit_whatever_the_addresses(name, width):
    changes = [
        change.model_copy(update={"address": f"{name}.{number}", "resource_group": f"rg-{name}"})
        for number, change in enumerate(documents.PLAN.changes)
    ]
    plan = documents.PLAN.model_copy(update={"changes": tuple(changes)})
    for row in print_text(plan, width=width).splitlines():
        words = row.split()
        longest = max((columns_of(word) for word in words), default=0)
        # A word that is too long by itself is not cut: it is copied.
        assert columns_of(row) <= max(width, longest + 12), row


TYPES = {
    "room for all": (120, "Microsoft.Network/virtualNetworks"),
    "the vendor goes first": (58, "Network/virtualNetworks "),
    "then the resource provider": (44, " virtualNetworks "),
}


@pytest.mark.parametrize("row", TYPES)
def test_types_are_shortened_before_anything_else(row):
    width, shown = TYPES[row]
    columns = Columns([("hub.network", "Microsoft.Network/virtualNetworks", "rg-hub")], width)
    (told,) = columns.lines("hub.network", "Microsoft.Network/virtualNetworks", "rg-hub")
    assert shown in "".join(span.text for span in told)


def test_types_that_would_read_alike_keep_their_provider():
    types = ("Microsoft.Network/locks", "Microsoft.Storage/locks", "Microsoft.Network/routeTables")
    assert list(kinds_of(types).values()) == ["Network/locks", "routeTables", "Storage/locks"]


@pytest.mark.parametrize("document", RENDERERS)
def test_every_document_has_the_renderer_that_its_name_is_given(document: str):
    assert callable(renderer_of(document))
