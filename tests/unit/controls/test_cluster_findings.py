"""What a cluster shows goes into the verdict of a control: before what was attested, and with what
Azure shows."""

import json
from dataclasses import replace
from datetime import date

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.controls.evaluation import UnknownReason, judge
from provisioner.controls.evaluation_context import EvaluationContext
from provisioner.controls.registry import controls_by_id
from provisioner.controls.verdict import Verdict
from provisioner.manifests.cluster_dumps import read_dumps
from provisioner.manifests.cluster_kinds import (
    CLUSTER_ROLE,
    MUTATING_WEBHOOK,
    NAMESPACE,
    OF_THE_CLUSTER,
    POD,
    SECRET,
)
from provisioner.model.diagnostic import DiagnosticError
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import parse_resource_id
from tests.observed_cluster import READ_ON, contents_of, make_objects, pod, view_of
from tests.unit.controls.sketches import attestation, waiver

CLUSTER = Resource(
    parse_resource_id(
        "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/"
        "Microsoft.ContainerService/managedClusters/aks"
    ),
    "Microsoft.ContainerService/managedClusters",
    {"properties": {}},
    "cluster",
)


def ground(contents, catalog: Catalog) -> EvaluationContext:
    view = None if contents is None else view_of(contents)
    return EvaluationContext(
        Estate.of([CLUSTER]), frozenset({CLUSTER.id.key}), catalog, "AzureCloud", view=view
    )


def result(control, contents, catalog, **more):
    (found,) = judge([controls_by_id()[control]], ground(contents, catalog), **more)
    return found


def bad_objects():
    objects = make_objects()
    objects["pods"].append(pod("app", "bad", hostNetwork=True))
    return objects


def test_nobody_looked_and_nothing_passes(catalog):
    found = result("WRK-02.6", None, catalog)
    assert (found.verdict, found.unknown_reason) == (Verdict.UNKNOWN, UnknownReason.CLUSTER)


def test_what_was_not_listed_is_said(catalog):
    found = result("WRK-02.6", contents_of(make_objects(), without=("pods",)), catalog)
    assert (found.verdict, found.unknown_reason) == (Verdict.UNKNOWN, UnknownReason.CLUSTER)
    assert found.why.endswith("objects.json: no list of pods")
    refused = replace(
        contents_of(make_objects(), without=("pods",)), refused={POD: "pods is forbidden"}
    )
    found = result("WRK-02.6", refused, catalog)
    assert (found.verdict, found.unknown_reason) == (Verdict.UNKNOWN, UnknownReason.UNREADABLE)
    assert "could not list Pod (pods is forbidden)" in found.why


def test_a_good_cluster_needs_no_attestation(catalog):
    found = result("WRK-02.6", contents_of(make_objects()), catalog)
    assert (found.verdict, found.outstanding, found.is_fully_met) == (Verdict.PASS, "", True)


def test_what_is_seen_goes_before_what_was_attested(catalog):
    vouched = replace(attestation(), control="WRK-02.6")
    found = result("WRK-02.6", contents_of(bad_objects()), catalog, attestations=[vouched])
    assert found.verdict is Verdict.FAIL
    (seen,) = found.findings
    assert seen.resource.address == "kubernetes.namespaces[app].Pod[bad]"
    assert seen.path == "spec.hostNetwork"
    assert result("WRK-02.6", None, catalog, attestations=[vouched]).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "scope", ["kubernetes.namespaces[app]", "kubernetes.namespaces[app].Pod[bad]"]
)
def test_an_object_is_waived_by_its_address_or_its_namespace(scope, catalog):
    accepted = replace(waiver(), control="WRK-02.6", scope=scope)
    found = result("WRK-02.6", contents_of(bad_objects()), catalog, waivers=[accepted])
    assert found.verdict is Verdict.WAIVED


def test_what_azure_shows_counts_beside_it(catalog):
    # A dashboard add-on is Azure's to show, a Deployment the cluster's.
    on = replace(
        CLUSTER,
        body={"properties": {"addonProfiles": {"kubeDashboard": {"enabled": True}}}},
    )
    state = replace(ground(contents_of(make_objects()), catalog), estate=Estate.of([on]))
    (found,) = judge([controls_by_id()["CLU-09.1"]], state)
    assert found.verdict is Verdict.FAIL
    (found,) = judge([controls_by_id()["CLU-09.1"]], ground(contents_of(make_objects()), catalog))
    assert (found.verdict, found.outstanding) == (Verdict.PASS, "")


def dump(*bodies, kind="List", **metadata):
    return json.dumps({"apiVersion": "v1", "kind": kind, "metadata": metadata, "items": bodies})


ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "a"},
}


def test_dumps_show_the_kinds_of_their_items():
    read = read_dumps({"a.json": dump(ROLE, pod()), "b.json": dump(pod(name="other"))}, READ_ON)
    assert read.of(CLUSTER_ROLE) == (ROLE,)
    assert len(read.of(POD)) == 2
    assert not read.has(SECRET)
    assert read.source == "a.json, b.json"


def test_an_empty_list_is_one_of_what_it_says():
    for files in (
        {"x/secrets.json": dump()},
        {"secrets=x.json": dump()},
        {"secrets,pods=x.json": dump()},
        {"x.json": dump(kind="SecretList")},
    ):
        assert read_dumps(files, READ_ON).has(SECRET), files


def test_items_of_a_typed_list_take_its_kind():
    body = {"metadata": {"name": "a", "namespace": "b"}}
    (found,) = read_dumps({"x.json": dump(body, kind="PodList")}, READ_ON).of(POD)
    assert (found["kind"], found["apiVersion"]) == ("Pod", "v1")


def test_the_report_of_kube_bench_is_read():
    test = {"test_number": "3.1.1", "test_desc": "a", "status": "PASS"}
    report = {"Controls": [{"version": "aks-1.8", "tests": [{"results": [test]}]}]}
    for text in (json.dumps(report), json.dumps([report])):
        read = read_dumps({"bench.json": text}, READ_ON)
        assert read.benchmark is not None
        assert (read.benchmark.benchmark, len(read.benchmark.tests)) == ("aks-1.8", 1)


def system_namespace(uid):
    metadata = {"name": "kube-system", "uid": uid}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def test_of_two_reads_of_an_object_the_newer_one_stays():
    old, new = pod(name="p"), pod(name="p", hostNetwork=True)
    old["metadata"]["resourceVersion"], new["metadata"]["resourceVersion"] = "99", "1000"
    for files in ({"a.json": dump(old), "b.json": dump(new)}, {"a.json": dump(new, old)}):
        (found,) = read_dumps(files, READ_ON).of(POD)
        assert found["spec"].get("hostNetwork")


SCOPES = {
    # what the list shows, whether it is stated to be of all, and the namespaces it counts for
    "one namespace": ([pod("app", "a"), pod("app", "b")], False, {"app"}),
    "one, stated to be all, without kube-system": ([pod("app", "a")], True, {"app"}),
    "two without kube-system": ([pod("app", "a"), pod("other", "a")], False, {"app", "other"}),
    "all": ([pod("app", "a"), pod("kube-system", "a")], False, None),
    "nothing": ([], False, set()),
}


@pytest.mark.parametrize("case", SCOPES)
def test_a_list_is_of_the_namespaces_that_it_shows(case):
    bodies, stated, shown = SCOPES[case]
    read = read_dumps({"pods=x.json": dump(*bodies)}, READ_ON, all_namespaces=stated)
    assert read.partial.get(POD) == shown


def test_an_empty_list_is_of_all_namespaces_where_that_is_stated():
    for stated, shown in ((False, frozenset()), (True, None)):
        read = read_dumps({"secrets.json": dump()}, READ_ON, all_namespaces=stated)
        assert read.partial.get(SECRET) == shown


def test_a_list_without_what_every_cluster_has_was_filtered():
    for stated in (False, True):
        files = {"clusterroles.json": dump(ROLE), "namespaces.json": dump(system_namespace("1"))}
        read = read_dumps(files, READ_ON, all_namespaces=stated)
        assert set(read.partial) == {CLUSTER_ROLE, NAMESPACE}
    read = read_dumps({"mutatingwebhookconfigurations.json": dump()}, READ_ON)
    assert set(read.partial) == {MUTATING_WEBHOOK}


def test_the_list_of_one_namespace_fails_a_control_and_never_passes_one(catalog):
    for objects, verdict in ((make_objects(), Verdict.UNKNOWN), (bad_objects(), Verdict.FAIL)):
        seen = replace(contents_of(objects), partial={POD: frozenset({"app"})})
        found = result("WRK-02.6", seen, catalog)
        assert found.verdict is verdict
        if verdict is Verdict.UNKNOWN:
            assert "pods seen in namespace app only" in found.why


def test_no_control_passes_on_the_lists_of_one_namespace(catalog):
    contents = contents_of(make_objects())
    named = frozenset({"app"})
    limited = replace(
        contents, partial={kind: named for kind in contents.lists if kind not in OF_THE_CLUSTER}
    )
    reads = [
        control
        for control in controls_by_id().values()
        if control.observed and control.observed.scope(limited) is not None
    ]
    assert len(reads) > 20
    for control in reads:
        (found,) = judge([control], ground(limited, catalog))
        (azure_alone,) = judge([control], ground(None, catalog))
        assert found.verdict in (azure_alone.verdict, Verdict.FAIL), control.id
        assert found.outstanding == azure_alone.outstanding or found.verdict is Verdict.FAIL


WRONG = {
    "no JSON": ({"a.json": "kind: Pod"}, "no-dump"),
    "JSON of something else": ({"a.json": "[1, 2]"}, "no-dump"),
    "an empty list of nobody knows what": ({"a.json": dump()}, "empty-dump"),
    "one object": ({"a.json": json.dumps(pod())}, "no-list"),
    "a page of a list": ({"a.json": dump(pod(), **{"continue": "abc"})}, "no-list"),
    "a resource that nobody reads": ({"podz=a.json": dump()}, "unknown-resource"),
    "a page that counts what is left": (
        {"a.json": dump(pod(), remainingItemCount=7)},
        "no-list",
    ),
    "items that are no list": (
        {"secrets.json": '{"kind": "SecretList", "items": null}'},
        "no-list",
    ),
    "an item without a name": ({"a.json": dump({"kind": "Pod", "metadata": {}})}, "no-list"),
    "an item that is not an object": ({"a.json": dump("pod")}, "no-list"),
    "a table": ({"a.json": json.dumps({"kind": "Table", "rows": []})}, "no-list"),
    "YAML": ({"a.json": "apiVersion: v1\nkind: List\nitems: []\n"}, "no-dump"),
    "YAML of two documents": ({"a.json": "---\nkind: Pod\n---\nkind: Pod\n"}, "no-dump"),
    "two clusters": (
        {"a.json": dump(system_namespace("1")), "b.json": dump(system_namespace("2"))},
        "two-clusters",
    ),
    "deeper than anybody writes": ({"a.json": "[" * 100_000}, "no-dump"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_dump_is_refused(case):
    files, code = WRONG[case]
    with pytest.raises(DiagnosticError) as raised:
        read_dumps(files, date(2026, 1, 1))
    assert raised.value.diagnostics[0].code == code
