"""What else changes the security of a cluster: templates without pods, nodes, credentials, runtime
classes, labels of namespaces that Azure makes, and kinds of add-ons.

As in `test_drift`: each row does something to a real API server, as others would, and is undone.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from provisioner.blueprint.kubernetes import AcceptedObject
from tests.cluster.api_server import ApiServer
from tests.cluster.bench import MANAGED_LABELS, TODAY, custom_resource
from tests.cluster.test_drift import (
    MALLORY,
    OF_CILIUM,
    RBAC,
    Applied,
    Body,
    Case,
    account,
    adds,
    applied,
    binding,
    pod,
    role,
    runs_cilium,
    thing,
    told_by,
)
from tests.cluster.test_more_drift import EVIL, PRIVILEGED, template

__all__ = ["applied"]

_CUSTOM = tuple(
    (group, version, kind, plural, scope)
    for group, version, scope, *names in (
        ("gateway.networking.k8s.io", "v1", "Namespaced", "HTTPRoute httproutes"),
        ("cilium.io", "v2", "Namespaced", "CiliumNodeConfig ciliumnodeconfigs"),
        ("crd.projectcalico.org", "v1", "Cluster", "FelixConfiguration felixconfigurations"),
        ("example.com", "v1", "Namespaced", "Ledger ledgers"),
        ("networking.istio.io", "v1", "Namespaced", "Gateway gateways", "EnvoyFilter envoyfilters"),
        ("extensions.istio.io", "v1alpha1", "Namespaced", "WasmPlugin wasmplugins"),
        (
            "security.istio.io", "v1", "Namespaced",
            "RequestAuthentication requestauthentications",
            "AuthorizationPolicy authorizationpolicies",
        ),
        ("mutations.gatekeeper.sh", "v1alpha1", "Cluster", "AssignImage assignimage"),
        ("kustomize.toolkit.fluxcd.io", "v1", "Namespaced", "Kustomization kustomizations"),
        ("helm.toolkit.fluxcd.io", "v2", "Namespaced", "HelmRelease helmreleases"),
        ("source.toolkit.fluxcd.io", "v1", "Namespaced", "GitRepository gitrepositories"),
        ("argoproj.io", "v1alpha1", "Namespaced", "Application applications"),
    )
    for kind, plural in (name.split() for name in names)
)  # fmt: skip
"""Kinds of add-ons and extensions; of two of them azsec does not know what their objects do."""

NAMESPACES = "/api/v1/namespaces"


def labelled(id: str, namespace: str, says: str, metadata: Body) -> Case:
    path = f"{NAMESPACES}/{namespace}"
    return Case(
        id, f"Namespace/{namespace}", lambda server: server.patch(path, {"metadata": metadata}),
        (), says, changes=False,
    )  # fmt: skip


def controller(kind: str, api: str, selector: Any) -> Body:
    spec = {"replicas": 0, "selector": selector, "template": template(PRIVILEGED)}
    return thing(api, kind, "none", "default", spec=spec)


def poses_as_revision(server: ApiServer) -> None:
    """Make a privileged ReplicaSet that names a Deployment without privileges as its owner."""
    plain = {"selector": {"matchLabels": {"a": "b"}}, "template": template({"containers": [EVIL]})}
    server.apply(thing("apps/v1", "Deployment", "web", "default", spec=plain))
    uid = server.get("/apis/apps/v1/namespaces/default/deployments/web")["metadata"]["uid"]
    body = controller("ReplicaSet", "apps/v1", {"matchLabels": {"a": "b"}})
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": uid}
    body["metadata"]["ownerReferences"] = [{**owner, "controller": True}]
    server.apply(body)


def flex(name: str, **volume: Any) -> Body:
    return pod(name, "kube-system", volumes=[{"name": "v", **volume}])


def custom(
    id: str, api: str, kind: str, namespace: str | None, says: str = "", **spec: Any
) -> Case:
    return adds(id, thing(api, kind, "x", namespace, spec=spec), says)


def token(name: str, namespace: str = "kube-system") -> Body:
    return thing("v1", "Secret", name, namespace, type="bootstrap.kubernetes.io/token")


PATHS_OF_WEB = (
    "/apis/apps/v1/namespaces/default/replicasets/none",
    "/apis/apps/v1/namespaces/default/deployments/web",
)

MANIPULATIONS = (
    adds("replica-set", controller("ReplicaSet", "apps/v1", {"matchLabels": {"a": "b"}}),
         "privileged"),
    adds("replication-controller", controller("ReplicationController", "v1", {"a": "b"}),
         "privileged"),
    adds("pod-template", thing("v1", "PodTemplate", "t", "default", template=template(PRIVILEGED)),
         "privileged"),
    Case("revision-of-a-plain-deployment", "default/ReplicaSet/none", poses_as_revision,
         PATHS_OF_WEB, "privileged", changes=False),
    adds("runtime-class", thing("node.k8s.io/v1", "RuntimeClass", "kata-vm-isolation",
                                handler="runc"), "runc"),
    adds("bootstrap-token", token("bootstrap-token-abcdef"), "bootstrap.kubernetes.io/token"),
    adds("node", thing("v1", "Node", "stranger", spec={"providerID": "azure:///subscriptions/x"}),
         "azure:///subscriptions/x"),
    adds("flex-volume", flex("flex", flexVolume={"driver": "evil/driver"}), "flexVolume"),
    adds("flex-volume-of-the-cluster", thing(
        "v1", "PersistentVolume", "flex",
        spec={"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
              "flexVolume": {"driver": "evil/driver"}}), "evil/driver"),
    labelled("azures-namespace-is-privileged", "app", "privileged",
             {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}),
    labelled("azures-namespace-enforces-nothing", "app", "missing",
             {"labels": {"pod-security.kubernetes.io/enforce": None}}),
    labelled("azures-namespace-is-exempt", "app", "control-plane",
             {"labels": {"control-plane": "x"}}),
    labelled("azures-namespace-is-ignored", "app", "admission.gatekeeper.sh/ignore",
             {"labels": {"admission.gatekeeper.sh/ignore": "x"}}),
    labelled("default-is-exempt", "default", "control-plane", {"labels": {"control-plane": "x"}}),
    labelled("default-says-it-is-aks-own", "default", "managedby",
             {"labels": {"kubernetes.azure.com/managedby": "aks"}}),
    labelled("azures-namespace-says-it-is-aks-own", "app", "managedby",
             {"labels": {"kubernetes.azure.com/managedby": "aks"}}),
    labelled("default-has-other-nodes", "default", "node-selector",
             {"annotations": {"scheduler.alpha.kubernetes.io/node-selector": "a=b"}}),
    labelled("ours-tolerates-everything", "billing", "defaultTolerations",
             {"annotations": {"scheduler.alpha.kubernetes.io/defaultTolerations": "[]"}}),
    labelled("ours-has-the-devices-of-others", "billing", "admin-access",
             {"labels": {"resource.kubernetes.io/admin-access": "true"}}),
    *(
        adds(
            f"ingress-{number}",
            thing("networking.k8s.io/v1", "Ingress", "i", "billing",
                  metadata={"annotations": {name: "x"}},
                  spec={"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}}),
            name.rpartition("/")[2],
        )
        for number, name in enumerate((
            "nginx.org/server-snippets", "nginx.org/location-snippets",
            "haproxy.org/backend-config-snippet", "haproxy-ingress.github.io/config-backend",
            "nginx.ingress.kubernetes.io/mirror-target",
            "appgw.ingress.kubernetes.io/waf-policy-for-path",
        ))
    ),
    custom("route", "gateway.networking.k8s.io/v1", "HTTPRoute", "billing", "pay.example.com",
           hostnames=["pay.example.com"]),
    Case("agents", "kube-system/CiliumNodeConfig/x",
         lambda server: server.apply(thing("cilium.io/v2", "CiliumNodeConfig", "x", "kube-system")),
         ("/apis/cilium.io/v2/namespaces/kube-system/ciliumnodeconfigs/x",), changes=False),
    Case("mesh-gateway", "billing/Gateway/x",
         lambda server: server.apply(thing("networking.istio.io/v1", "Gateway", "x", "billing")),
         ("/apis/networking.istio.io/v1/namespaces/billing/gateways/x",), changes=False),
    custom("filter-of-the-mesh", "networking.istio.io/v1", "EnvoyFilter", "aks-istio-system"),
    custom("code-in-proxies", "extensions.istio.io/v1alpha1", "WasmPlugin", "billing"),
    custom("tokens-of-others", "security.istio.io/v1", "RequestAuthentication", "billing"),
    custom("policy-of-the-mesh", "security.istio.io/v1", "AuthorizationPolicy", "aks-istio-system"),
    Case("images", "AssignImage/x",
         lambda server: server.apply(thing("mutations.gatekeeper.sh/v1alpha1", "AssignImage", "x")),
         ("/apis/mutations.gatekeeper.sh/v1alpha1/assignimage/x",), changes=False),
    custom("kustomization", "kustomize.toolkit.fluxcd.io/v1", "Kustomization", "default",
           "GitRepository evil", sourceRef={"kind": "GitRepository", "name": "evil"}),
    custom("release", "helm.toolkit.fluxcd.io/v2", "HelmRelease", "default", "HelmRepository evil",
           chart={"spec": {"sourceRef": {"kind": "HelmRepository", "name": "evil"}}}),
    custom("source", "source.toolkit.fluxcd.io/v1", "GitRepository", "default", "evil.example",
           url="https://evil.example/x"),
    custom("application", "argoproj.io/v1alpha1", "Application", "default", "evil.example",
           source={"repoURL": "https://evil.example/x"}),
)  # fmt: skip

HARMLESS = (
    adds("replica-set", thing(
        "apps/v1", "ReplicaSet", "none", "default",
        spec={"replicas": 0, "selector": {"matchLabels": {"a": "b"}},
              "template": template({"containers": [EVIL]})})),
    adds("token-elsewhere", token("bootstrap-token-abcdef", "default")),
    adds("secret-of-others", thing("v1", "Secret", "s", "default", type="example.com/x")),
    adds("runtime-class", thing("node.k8s.io/v1", "RuntimeClass", "kata-vm-isolation",
                                handler="kata")),
    labelled("stricter", "default", "",
             {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}),
    labelled("mark-of-azures-namespaces", "app", "",
             {"labels": {"kubernetes.azure.com/managedByArm": "true"}}),
    labelled("team", "app", "", {"labels": {"team": "payments"}}),
    custom("of-others", "example.com/v1", "Ledger", "billing"),
    custom("filter-of-others", "networking.istio.io/v1", "EnvoyFilter", "default"),
    adds("identity-webhook-role", role("azure-wi-webhook-manager-role", None,
                                       "admissionregistration.k8s.io",
                                       "mutatingwebhookconfigurations", "patch")),
    adds("identity-webhook-binding", binding(
        "azure-wi-webhook-manager-rolebinding", None, "azure-wi-webhook-manager-role",
        account("azure-wi-webhook-admin", "kube-system"))),
)  # fmt: skip


@pytest.fixture(scope="module")
def extended(applied: Applied) -> Iterator[Applied]:
    """The environment, in a cluster with kinds of add-ons; the definitions of others go with it."""
    server = applied.bench.server
    server.apply(*(custom_resource(*row) for row in _CUSTOM), manager="kube-addon-manager")
    for group, version, _, plural, _ in _CUSTOM:
        server.wait_for(f"/apis/{group}/{version}/{plural}")
    # The cluster has no mesh of AKS: this one is installed, and accepted.
    server.apply(thing("v1", "Namespace", "aks-istio-system"))
    accepted = accepting(applied, kind="CustomResourceDefinition", name="*")
    yield accepting(accepted, kind="Namespace", name="aks-istio-system")
    server.remove_namespace("aks-istio-system")
    for group, _, _, plural, _ in _CUSTOM:
        path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{plural}.{group}"
        server.request("DELETE", path)
        while server.request("GET", path).ok:
            time.sleep(0.1)


_NONE = dict.fromkeys(
    ("control-plane", "team", "admission.gatekeeper.sh/ignore",
     "kubernetes.azure.com/managedby", "kubernetes.azure.com/managedByArm",
     "resource.kubernetes.io/admin-access", "pod-security.kubernetes.io/enforce")
)  # fmt: skip
_NO_NOTES = dict.fromkeys(
    f"scheduler.alpha.kubernetes.io/{name}" for name in ("node-selector", "defaultTolerations")
)


def restore(server: ApiServer, case: Case) -> None:
    """Undo what `Applied.after` does not: labels, and the wait for a garbage collector."""
    for path in case.undoes:
        if "replicationcontrollers" in path and server.request("GET", path).ok:
            server.patch(path, {"metadata": {"finalizers": None}})
    kept = {"app": MANAGED_LABELS, "billing": {}, "default": {}}
    for name, stated in kept.items():
        if case.names == f"Namespace/{name}":
            found = {**_NONE, **stated}
            if name == "billing":
                found.pop("pod-security.kubernetes.io/enforce")
            server.patch(
                f"{NAMESPACES}/{name}", {"metadata": {"labels": found, "annotations": _NO_NOTES}}
            )


@pytest.mark.parametrize("case", MANIPULATIONS, ids=lambda case: case.id)
def test_a_change_of_the_posture_is_named(extended: Applied, case: Case) -> None:
    try:
        with extended.after(case) as found:
            told = told_by(found)
            assert list(told) == [case.names]
            assert case.says in told[case.names]
            if "Secret" not in case.names:
                seen = told_by(extended.observed_drift())
                assert list(seen) == [case.names]
                assert case.says in seen[case.names]
    finally:
        restore(extended.bench.server, case)


@pytest.mark.parametrize("case", HARMLESS, ids=lambda case: case.id)
def test_what_changes_no_posture_is_silent(extended: Applied, case: Case) -> None:
    try:
        with extended.after(case) as found:
            assert not told_by(found)
            assert not told_by(extended.observed_drift())
    finally:
        restore(extended.bench.server, case)


def test_the_census_names_what_was_looked_at_and_what_was_not(extended: Applied) -> None:
    for found in (extended.drift(), extended.observed_drift()):
        # Calico's group decides on security: its kind is named first.
        assert found.census.not_looked_at == (
            "FelixConfiguration.crd.projectcalico.org", "Ledger.example.com",
        )  # fmt: skip
        assert "helm.toolkit.fluxcd.io/v2/HelmRelease" in found.census.kinds
        assert found.is_certain


def test_a_role_binding_of_an_add_on_is_its_own_while_its_role_allows_no_more(
    extended: Applied,
) -> None:
    server = extended.bench.server
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gatekeeper-system"}}
    server.apply(namespace)
    name, within = "gatekeeper-manager-rolebinding", "gatekeeper-system"
    bound = binding(name, within, "gatekeeper-manager-role", account("gatekeeper-admin", within))
    bound["roleRef"]["kind"] = "Role"
    for verb, resource, told in (("get", "secrets", []), ("create", "pods/exec", [name])):
        server.apply(role("gatekeeper-manager-role", within, "", resource, verb), bound)
        found = told_by(extended.drift())
        assert [address.rpartition("/")[2] for address in found] == told
    root = f"/apis/{RBAC}/v1/namespaces/{within}"
    server.request("DELETE", f"{root}/rolebindings/{name}")
    server.request("DELETE", f"{root}/roles/gatekeeper-manager-role")


def accepting(applied: Applied, **entry: Any) -> Applied:
    """Return the environment with one acceptance more, by default of cert-manager's bindings."""
    named = {"kind": "ClusterRoleBinding", "name": "cert-manager-*", **entry}
    accepted = AcceptedObject(**named, reason="Certificates.", owner="me", expires=TODAY)
    settings = applied.desired.environment
    more = (*settings.kubernetes.accepted, accepted)
    kubernetes = settings.kubernetes.model_copy(update={"accepted": more})
    desired = replace(applied.desired, environment=replace(settings, kubernetes=kubernetes))
    return replace(applied, desired=desired)


def test_a_namespace_of_an_add_on_that_the_cluster_does_not_have_is_nobodys(
    extended: Applied,
) -> None:
    server = extended.bench.server
    server.apply(thing("v1", "Namespace", "calico-system"))
    try:
        for found in (extended.drift(), extended.observed_drift()):
            assert list(told_by(found)) == ["Namespace/calico-system"]
    finally:
        server.remove_namespace("calico-system")


def test_a_declared_object_that_is_being_deleted_is_drift(extended: Applied) -> None:
    server, name = extended.bench.server, "allow-dns"
    path = f"/apis/networking.k8s.io/v1/namespaces/billing/networkpolicies/{name}"
    server.patch(path, {"metadata": {"finalizers": ["example.com/keep"]}})
    server.delete(path)
    try:
        for found in (extended.drift(), extended.observed_drift()):
            told = told_by(found)
            assert list(told) == [f"billing/NetworkPolicy/{name}"]
            assert "deletionTimestamp" in told[f"billing/NetworkPolicy/{name}"]
    finally:
        server.patch(path, {"metadata": {"finalizers": None}})
        extended.restore()


def test_a_role_of_kubernetes_in_its_own_namespace_is_known_by_its_content(
    extended: Applied,
) -> None:
    server, name = extended.bench.server, "extension-apiserver-authentication-reader"
    path = f"/apis/{RBAC}/v1/namespaces/kube-system/roles/{name}"
    rule = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
    server.patch(path, [{"op": "add", "path": "/rules/-", "value": rule}], "json")
    try:
        for found in (extended.drift(), extended.observed_drift()):
            told = told_by(found)
            assert list(told) == [f"kube-system/Role/{name}"]
            assert "may do everything" in told[f"kube-system/Role/{name}"]
    finally:
        server.patch(path, [{"op": "remove", "path": "/rules/1"}], "json")


def test_an_acceptance_covers_the_role_and_the_subjects_that_it_states(extended: Applied) -> None:
    controller = account("cert-manager", "cert-manager")
    stated = {
        "role": "cert-manager-*", "subjects": ("cert-manager/*",), "allows": ("reads secrets",),
    }  # fmt: skip
    reader = role("cert-manager-controller", None, "", "secrets", "get")
    rows = (
        ({}, binding("cert-manager-a", None, "system:discovery", controller), None),
        ({}, binding("cert-manager-a", None, "cluster-admin", controller), "may do everything"),
        ({}, binding("cert-manager-a", None, "system:discovery", MALLORY), "User mallory"),
        ({}, binding("cert-manager-a", None, "gone", controller), "which was not found"),
        (stated, binding("cert-manager-a", None, "cert-manager-controller", controller), None),
        (stated, binding("cert-manager-a", None, "cluster-admin", MALLORY), "User mallory"),
        (stated, binding("cert-manager-a", None, "system:discovery", controller),
         "the role system:discovery"),
        (stated, binding("cert-manager-a", None, "cert-manager-controller",
                         account("web", "default")), "default/web"),
    )  # fmt: skip
    server = extended.bench.server
    server.apply(reader)
    try:
        for entry, body, objection in rows:
            server.apply(body)
            found = accepting(extended, **entry).drift()
            server.request("DELETE", f"/apis/{RBAC}/v1/clusterrolebindings/cert-manager-a")
            told = {each.address: each for each in found.additions}
            told.pop("ClusterRole/cert-manager-controller")
            if objection is None:
                assert not told
                assert body["metadata"]["name"] in str(found.accepted)
            else:
                said = told["ClusterRoleBinding/cert-manager-a"].values["kubernetes.accepted"]
                assert objection in said
    finally:
        server.request("DELETE", f"/apis/{RBAC}/v1/clusterroles/cert-manager-controller")


def test_the_bootstrap_token_of_a_new_aks_cluster_is_its_own(extended: Applied) -> None:
    server = extended.bench.server
    runs_cilium(server)
    server.apply(token("bootstrap-token-abcdef"))
    assert not told_by(extended.drift())
    for path in OF_CILIUM:
        server.request("DELETE", path, {"gracePeriodSeconds": 0})
    assert list(told_by(extended.drift())) == ["kube-system/Secret/bootstrap-token-abcdef"]
    server.request("DELETE", "/api/v1/namespaces/kube-system/secrets/bootstrap-token-abcdef")
