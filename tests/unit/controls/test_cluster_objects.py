"""Every control that a cluster answers turns both ways on its objects, and on nothing else."""

from typing import Any, ClassVar

import pytest

from provisioner.controls.cluster_objects.rules import observed_rules
from provisioner.controls.control import Mode
from provisioner.controls.registry import all_controls
from provisioner.controls.verdict import Verdict, worst
from provisioner.model.cluster_contents import (
    BenchmarkReport,
    BenchmarkTest,
    ClusterContents,
    Kind,
)
from tests.manifests import REGISTRY
from tests.observed_cluster import (
    BENCHMARK,
    EVERYTHING,
    RBAC,
    authority,
    binding,
    contents_of,
    group,
    make_objects,
    pod,
    role,
    view_of,
)

PEOPLE = group("somebody")
CONTROLS = [control.id for control in all_controls() if Mode.CLUSTER in control.modes]


def add(resource: str, *bodies: dict[str, Any]):
    return lambda objects: objects[resource].extend(bodies)


def drop(resource: str, name: str):
    def change(objects):
        kept = [body for body in objects[resource] if body["metadata"]["name"] != name]
        assert len(kept) < len(objects[resource])
        objects[resource] = kept

    return change


def put(resource: str, name: str, path: str, value: Any):
    """Set a field of each object of a name; None takes it away."""

    def change(objects):
        found = [b for b in objects[resource] if b["metadata"]["name"] == name]
        assert found
        for body in found:
            *above, last = path.split("/")
            for step in above:
                body = body[int(step)] if isinstance(body, list) else body.setdefault(step, {})
            if value is None:
                body.pop(last, None)
            else:
                body[last] = value

    return change


def bad_pod(path: str, value: Any, namespace: str = "app"):
    def change(objects):
        objects["pods"].append(pod(namespace, "bad"))
        put("pods", "bad", f"spec/{path}", value)(objects)

    return change


def bad_container(path: str, value: Any):
    return bad_pod(f"containers/0/{path}", value)


def policy(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "app"},
        "spec": {"podSelector": {}, **spec},
    }


def cilium(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "more", "namespace": "app"},
        "spec": {"endpointSelector": {}, **spec},
    }


def no_policies(objects):
    """A policy that selects all pods closes what it is for, whatever it is called: all go."""
    objects["networkpolicies"] = []


def egress(*cidrs: str, ports: tuple[int, ...] = (443,), name: str = "more") -> dict[str, Any]:
    return policy(
        name,
        policyTypes=["Egress"],
        egress=[
            {
                "to": [{"ipBlock": {"cidr": cidr}} for cidr in cidrs],
                "ports": [{"port": port, "protocol": "TCP"} for port in ports],
            }
        ],
    )


def webhook(**client: Any) -> dict[str, Any]:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "own"},
        "webhooks": [{"clientConfig": client}],
    }


def named(kind: str, name: str, namespace: str = "", **more: Any) -> dict[str, Any]:
    within = {"namespace": namespace} if namespace else {}
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, **within}, **more}


STANDARD = "metadata/labels/pod-security.kubernetes.io~enforce"
EXEC = {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}
SECRETS = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}
DEPLOY = {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["create"]}
LOGS = {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}


def standard(level: str | None, name: str = "app"):
    def change(objects):
        for body in objects["namespaces"]:
            if body["metadata"]["name"] == name:
                labels = body["metadata"]["labels"]
                labels.pop("pod-security.kubernetes.io/enforce", None)
                if level:
                    labels["pod-security.kubernetes.io/enforce"] = level

    return change


def grant(*rules: dict[str, Any], namespace: str = ""):
    def change(objects):
        objects["clusterroles"].append(role("own", *rules))
        where = "rolebindings" if namespace else "clusterrolebindings"
        objects[where].append(binding("own", PEOPLE, namespace=namespace))

    return change


def bound(resource: str, *subjects: dict[str, Any], name: str = "any", role: str = "edit"):
    """Bind a role under a name, in kube-system where it is a RoleBinding."""
    namespace = "kube-system" if resource == "rolebindings" else ""
    body = binding(role, *subjects, namespace=namespace)
    body["metadata"]["name"] = name
    return add(resource, body)


def user(name: str) -> dict[str, str]:
    return {"apiGroup": RBAC, "kind": "User", "name": name}


def account(name: str, namespace: str) -> dict[str, str]:
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


def open_peer(**peer: Any):
    return add("networkpolicies", policy("more", ingress=[{"from": [peer]}]))


def other_policy(resource: str, api: str, kind: str, namespace: str = "", **spec: Any):
    return add(resource, {**named(kind, "more", namespace, spec=spec), "apiVersion": api})


ADMIN = ("adminnetworkpolicies", "policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy")
CLUSTER = ("clusternetworkpolicies", "policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy")
CALICO = "crd.projectcalico.org/v1"
GLOBAL = ("globalnetworkpolicies", CALICO, "GlobalNetworkPolicy")
CALICO_OWN = ("networkpolicies.crd.projectcalico.org", CALICO, "NetworkPolicy", "app")
NAME = "kubernetes.io/metadata.name"
SIGNER = "kubernetes.io/kube-apiserver-client-pod"


def clusterwide(**spec: Any):
    api, kind = "cilium.io/v2", "CiliumClusterwideNetworkPolicy"
    return other_policy("ciliumclusterwidenetworkpolicies", api, kind, **spec)


def without_denial(change):
    return lambda objects: [
        drop("ciliumnetworkpolicies", "deny-metadata-service")(objects),
        change(objects),
    ]


def narrowed(**rule: Any):
    def change(objects):
        (found,) = [
            body
            for body in objects["validatingadmissionpolicies"]
            if body["metadata"]["name"] == "azsec-groups"
        ]
        for each in found["spec"]["matchConstraints"]["resourceRules"]:
            each.update(rule)

    return change


def affinity(value: str) -> dict[str, Any]:
    terms = [{"matchExpressions": [{"key": "pool", "operator": "In", "values": [value]}]}]
    return {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}


TENANT = [{"key": "tenant", "value": "a", "effect": "NoSchedule"}]
EVERYBODY = {"allow": {"policyTypes": ["Ingress"], "ingress": [{}]}}

FAILING = {
    "CLU-03.4": [
        add("clusterrolebindings", binding("cluster-admin", PEOPLE)),
        grant(EVERYTHING),
        add(
            "clusterrolebindings",
            binding(
                "cluster-admin",
                {"kind": "ServiceAccount", "name": "ci", "namespace": "app"},
            ),
        ),
        bound("clusterrolebindings", user("system:serviceaccount:app:ci"), role="cluster-admin"),
        bound(
            "clusterrolebindings",
            group(PEOPLE["name"]),
            name="aks-cluster-admin-binding-aad",
            role="cluster-admin",
        ),
        bound("clusterrolebindings", user("clusterAdmin"), name="aks-own", role="cluster-admin"),
        bound("clusterrolebindings", group("system:nodes"), role="cluster-admin"),
        bound("clusterrolebindings", account("default", "kube-system"), role="cluster-admin"),
        bound("clusterrolebindings", account("tiller", "kube-system"), role="cluster-admin"),
        bound("clusterrolebindings", account("coredns", "kube-system"), role="cluster-admin"),
        lambda objects: [
            objects["clusterroles"].append(role("system:coredns", EVERYTHING)),
            bound("clusterrolebindings", account("coredns", "kube-system"), role="system:coredns")(
                objects
            ),
        ],
        grant({**EVERYTHING, "verbs": ["get", "create", "update", "delete"]}),
    ],
    "CLU-03.5": [
        grant(SECRETS, namespace="app"),
        add("rolebindings", binding("edit", PEOPLE, namespace="app")),
        grant({"apiGroups": [RBAC], "resources": ["clusterroles"], "verbs": ["escalate"]}),
        grant({"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"]}),
        grant({"apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"]}),
        add("clusterrolebindings", binding("edit", group("system:authenticated"))),
        lambda objects: [
            grant()(objects),
            put("clusterroles", "edit", "metadata/labels", {"up": "yes"})(objects),
            put(
                "clusterroles",
                "own",
                "aggregationRule",
                {"clusterRoleSelectors": [{"matchLabels": {"up": "yes"}}]},
            )(objects),
        ],
        add("clusterrolebindings", binding("edit", group("system:serviceaccounts:app"))),
        bound("clusterrolebindings", group("system:serviceaccounts:kube-system")),
        bound("clusterrolebindings", user("system:serviceaccount:app:ci")),
        bound("clusterrolebindings", user("system:of-my-own")),
        bound("rolebindings", user("mallory")),
        bound("rolebindings", account("ci", "app")),
        bound("rolebindings", account("coredns", "kube-system")),
        bound("clusterrolebindings", account("cronjob-controller", "kube-system")),
        # Managed Prometheus is not part of this cluster: somebody else made its account.
        lambda objects: [
            objects["clusterroles"].append(role("ama-metrics-ksm", SECRETS)),
            bound(
                "clusterrolebindings",
                account("ama-metrics-ksm", "kube-system"),
                role="ama-metrics-ksm",
            )(objects),
        ],
        bound("rolebindings", user("system:serviceaccount:app:ci")),
    ],
    "WRK-02.8": [
        grant(EXEC, namespace="app"),
        grant({"apiGroups": [""], "resources": ["*"], "verbs": ["*"]}),
        grant({"apiGroups": [""], "resources": ["*/exec"], "verbs": ["create"]}),
        grant({"apiGroups": [""], "resources": ["pods/ephemeralcontainers"], "verbs": ["patch"]}),
        lambda objects: [
            objects["clusterroles"].append(role("shells", EXEC)),
            bound("rolebindings", user("mallory"), role="shells")(objects),
        ],
    ],
    "MAN-01": [grant(DEPLOY, EXEC, namespace="app"), grant(DEPLOY)],
    "MAN-02": [grant(LOGS, SECRETS, namespace="app"), grant(LOGS)],
    "CLU-02.7": [],
    "CLU-07": [],
    "CLU-04.2": [
        drop("daemonsets", "microsoft-defender-collector-ds"),
        put("daemonsets", "microsoft-defender-collector-ds", "status/numberReady", 0),
    ],
    "CLU-05.1": [put("namespaces", "app", "metadata/labels", {})],
    "CLU-05.2": [
        drop("resourcequotas", "azsec-quota"),
        put("resourcequotas", "azsec-quota", "spec/hard/limits.memory", "0"),
        put("resourcequotas", "azsec-quota", "spec/scopes", ["BestEffort"]),
    ],
    "CLU-05.3": [
        drop("limitranges", "azsec-limits"),
        put("limitranges", "azsec-limits", "spec/limits/0/type", "Pod"),
    ],
    "CLU-05.4": [
        no_policies,
        add("networkpolicies", policy("allow-all", policyTypes=["Ingress"], ingress=[{}])),
        add("networkpolicies", egress("0.0.0.0/0")),
        add("networkpolicies", egress("0.0.0.0/1"), egress("128.0.0.0/1", name="rest")),
        add("ciliumnetworkpolicies", cilium(egress=[{"toEntities": ["world"]}])),
    ],
    "WRK-03.2": [
        no_policies,
        add(
            "networkpolicies",
            policy("spaces", ingress=[{"from": [{"namespaceSelector": {}}]}]),
        ),
        # Selectors that are as good as {}: each takes a namespace that nobody knows yet.
        open_peer(namespaceSelector={"matchExpressions": [{"key": NAME, "operator": "Exists"}]}),
        open_peer(
            namespaceSelector={
                "matchExpressions": [{"key": NAME, "operator": "NotIn", "values": ["default"]}]
            }
        ),
        open_peer(
            namespaceSelector={"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]}
        ),
        open_peer(
            namespaceSelector={},
            podSelector={"matchExpressions": [{"key": "app", "operator": "Exists"}]},
        ),
        add("ciliumnetworkpolicies", cilium(ingress=[{"fromEntities": ["cluster"]}])),
        add("ciliumnetworkpolicies", cilium(egress=[{"toEntities": ["cluster"]}])),
        add("ciliumnetworkpolicies", cilium(egress=[{"toFQDNs": [{"matchPattern": "*"}]}])),
        add(
            "ciliumnetworkpolicies",
            cilium(egress=[{"toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}]}]),
        ),
        add(
            "ciliumnetworkpolicies",
            cilium(
                ingress=[
                    {
                        "fromEndpoints": [
                            {
                                "matchExpressions": [
                                    {
                                        "key": "k8s:io.kubernetes.pod.namespace",
                                        "operator": "Exists",
                                    }
                                ]
                            }
                        ]
                    }
                ]
            ),
        ),
        clusterwide(ingress=[{"fromEndpoints": [{}]}]),
        other_policy(*ADMIN, ingress=[{"action": "Allow", "from": [{"namespaces": {}}]}]),
        other_policy(
            *ADMIN,
            ingress=[
                {
                    "action": "Allow",
                    "from": [{"pods": {"namespaceSelector": {}, "podSelector": {}}}],
                }
            ],
        ),
        other_policy(*ADMIN, egress=[{"action": "Allow", "to": [{"networks": ["0.0.0.0/0"]}]}]),
        other_policy(*ADMIN, egress=[{"action": "Allow", "to": [{"domainNames": ["*."]}]}]),
        other_policy(
            *CLUSTER, tier="Admin", ingress=[{"action": "Accept", "from": [{"namespaces": {}}]}]
        ),
        other_policy(*GLOBAL, ingress=[{"action": "Allow", "source": {}}]),
        other_policy(*GLOBAL, egress=[{"action": "Allow"}]),
        other_policy(*GLOBAL, ingress=[{"action": "Allow", "source": {"notSelector": "a == 'b'"}}]),
        other_policy(*CALICO_OWN, ingress=[{"action": "Allow", "source": {"selector": "all()"}}]),
    ],
    "CLU-05.5": [
        standard("baseline"),
        standard(None),
        put(
            "namespaces",
            "app",
            "metadata/labels",
            {
                "pod-security.kubernetes.io/enforce": "restricted",
                "pod-security.kubernetes.io/enforce-version": "v1.18",
            },
        ),
    ],
    "CLU-06.6": [
        put("poddisruptionbudgets", "web", "status/disruptionsAllowed", 0),
        put("poddisruptionbudgets", "web", "spec/maxUnavailable", 0),
        drop("poddisruptionbudgets", "web"),
    ],
    "CLU-06.7": [
        bad_pod("securityContext/seccompProfile", {"type": "Unconfined"}),
        bad_container(
            "securityContext/capabilities", {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}
        ),
        bad_container("securityContext/appArmorProfile", {"type": "Localhost"}),
    ],
    "CLU-06.8": [bad_pod("hostUsers", None)],
    "CLU-08.1": [put("configmaps", "kube-root-ca.crt", "data/ca.crt", authority(89))],
    "CLU-09.1": [
        add(
            "deployments",
            {
                **named("Deployment", "board", "app"),
                "apiVersion": "apps/v1",
                "spec": {
                    "template": {
                        "spec": {"containers": [{"image": "docker.io/kubernetesui/dashboard:v2"}]}
                    }
                },
            },
        )
    ],
    "CLU-10.1": [
        drop("ciliumnodes", "node-1"),
        put("ciliumnodes", "node-1", "metadata/annotations", {}),
    ],
    "CLU-10.2": [
        drop("peerauthentications", "default"),
        put("peerauthentications", "default", "spec/mtls/mode", "PERMISSIVE"),
        put("peerauthentications", "default", "spec/portLevelMtls", {"80": {"mode": "DISABLE"}}),
    ],
    "WRK-01.2": [
        bad_container("image", "docker.io/evil:1"),
        bad_pod("volumes", [{"name": "v", "image": {"reference": "docker.io/evil:1"}}]),
        drop("validatingadmissionpolicies", "azsec-approved-registries"),
        drop("validatingadmissionpolicybindings", "azsec-approved-registries"),
        put(
            "validatingadmissionpolicybindings",
            "azsec-approved-registries",
            "spec/validationActions",
            ["Audit"],
        ),
        put(
            "validatingadmissionpolicies",
            "azsec-approved-registries",
            "spec/validations/0/expression",
            "true",
        ),
        put(
            "validatingadmissionpolicies",
            "azsec-approved-registries",
            "spec/failurePolicy",
            "Ignore",
        ),
    ],
    "WRK-01.6": [
        add("validatingwebhookconfigurations", webhook(url="https://example.com")),
        add("validatingwebhookconfigurations", webhook(service={"namespace": "app", "name": "a"})),
        put(
            "validatingadmissionpolicybindings",
            "azsec-groups",
            "spec/matchResources",
            {"namespaceSelector": {"matchLabels": {"a": "b"}}},
        ),
        narrowed(apiGroups=["nothing.example"]),
        narrowed(resourceNames=["one"]),
        narrowed(scope="Cluster"),
    ],
    "WRK-08": [
        add("validatingwebhookconfigurations", webhook(url="https://example.com")),
        add("validatingadmissionpolicies", named("ValidatingAdmissionPolicy", "own")),
        add("mutatingadmissionpolicies", named("MutatingAdmissionPolicy", "aks-own")),
    ],
    "WRK-02.4": [bad_container("securityContext/privileged", True)],
    "WRK-02.5": [
        bad_pod("securityContext/runAsUser", 0),
        bad_container("securityContext/allowPrivilegeEscalation", True),
        bad_pod("securityContext/runAsGroup", None),
    ],
    "WRK-02.6": [
        bad_pod("hostNetwork", True),
        bad_container("ports", [{"containerPort": 1, "hostPort": 80}]),
    ],
    "WRK-02.7": [
        bad_pod("volumes", [{"name": "v", "hostPath": {"path": "/"}}]),
        add("persistentvolumes", named("PersistentVolume", "p", spec={"hostPath": {"path": "/"}})),
    ],
    "WRK-03.3": [
        add("networkpolicies", egress("0.0.0.0/0")),
        add("ciliumnetworkpolicies", cilium(egress=[{"toFQDNs": [{"matchPattern": "*"}]}])),
        add("ciliumnetworkpolicies", cilium(egress=[{"toCIDR": ["0.0.0.0/0"]}])),
    ],
    "WRK-03.5": [
        put("services", "web", "metadata/annotations", {}),
        put("services", "web", "spec/externalIPs", ["203.0.113.1"]),
        put("ingresses", "web", "spec/tls", None),
    ],
    "WRK-04": [
        bad_pod("nodeSelector", {"workload": "untrusted"}),
        bad_pod("affinity", {"nodeAffinity": affinity("untrusted")}),
    ],
    "WRK-05.4": [
        put("secretproviderclasses", "app", "spec/secretObjects", [{"secretName": "a"}]),
        put("secretproviderclasses", "app", "spec/parameters/clientID", None),
        put("secretproviderclasses", "app", "spec/parameters/useVMManagedIdentity", "true"),
    ],
    "WRK-05.6": [bad_container("image", "hashicorp/vault:1.19")],
    "WRK-07": [
        bad_container("image", f"{REGISTRY}/app:latest"),
        bad_container("imagePullPolicy", "IfNotPresent"),
    ],
    "WRK-14": [drop("networkpolicies", "allow-dns"), no_policies],
    "ENV-01.3": [
        put("nodes", "node-1", "spec/taints", TENANT),
    ],
    "ENV-02.4": [drop("serviceaccounts", "app")],
    "ENV-02.6": [
        lambda objects: [
            drop("ciliumnetworkpolicies", "deny-metadata-service")(objects),
            objects["networkpolicies"].append(egress("0.0.0.0/0")),
        ],
        lambda objects: [
            drop("ciliumnetworkpolicies", "deny-metadata-service")(objects),
            no_policies(objects),
        ],
        lambda objects: [
            drop("ciliumnetworkpolicies", "deny-metadata-service")(objects),
            objects["ciliumnetworkpolicies"].append(
                cilium(egress=[{"toCIDRSet": [{"cidr": "169.254.0.0/16"}]}])
            ),
        ],
        without_denial(clusterwide(egress=[{"toCIDR": ["169.254.169.254/32"]}])),
        without_denial(clusterwide(egress=[{"toPorts": [{"ports": [{"port": "80"}]}]}])),
        without_denial(
            other_policy(
                *ADMIN, egress=[{"action": "Allow", "to": [{"networks": ["169.254.169.254/32"]}]}]
            )
        ),
        without_denial(
            other_policy(
                *GLOBAL, egress=[{"action": "Allow", "destination": {"nets": ["169.254.0.0/16"]}}]
            )
        ),
    ],
    "NET-12": [
        put("nodes", "node-1", "status/conditions", [{"type": "Ready", "status": "Unknown"}]),
        drop("nodes", "node-1"),
    ],
    "CFG-01": [bad_container("resources/limits", {"cpu": "1"})],
    "CFG-02": [bad_container("securityContext/readOnlyRootFilesystem", None)],
    "CFG-03": [
        put("deployments", "web", "spec/replicas", 1),
        put("deployments", "web", "spec/template/spec/topologySpreadConstraints", []),
        put("deployments", "web", "spec/template/spec/containers/0/readinessProbe", None),
        drop("poddisruptionbudgets", "web"),
    ],
    "CFG-04": [
        add("pods", pod("default", "lost")),
        add("services", named("Service", "lost", "default", spec={})),
    ],
    "CFG-05": [
        bad_container("env", [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "a"}}}]),
        bad_container("envFrom", [{"secretRef": {"name": "a"}}]),
    ],
    "CFG-06": [
        bad_pod("securityContext/sysctls", [{"name": "kernel.msgmax", "value": "1"}]),
        bad_container("securityContext/seLinuxOptions", {"type": "spc_t"}),
    ],
    "SA-01": [
        put("serviceaccounts", "app", "automountServiceAccountToken", None),
        bad_pod(
            "volumes",
            [{"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}],
        ),
        bad_pod(
            "volumes",
            [{"name": "t", "projected": {"sources": [{"podCertificate": {"signerName": SIGNER}}]}}],
        ),
        bad_pod("automountServiceAccountToken", True),
        bad_pod("serviceAccountName", "stranger"),
    ],
    "SA-02": [bad_pod("serviceAccountName", "default"), bad_pod("serviceAccountName", None)],
    "SA-03": [
        add("secrets", named("Secret", "t", "app", type="kubernetes.io/service-account-token"))
    ],
    "MAN-03": [
        add("networkpolicies", egress("10.0.0.0/24", ports=(53, 5432))),
        add("networkpolicies", egress("191.0.0.0/6", ports=(5432,))),
    ],
    "MAN-04": [standard("privileged"), standard(None)],
    "MAN-05": [
        standard("baseline"),
        bad_pod("securityContext/runAsGroup", 0),
        drop("validatingadmissionpolicies", "azsec-groups"),
        drop("validatingadmissionpolicybindings", "azsec-volumes"),
    ],
}

ROWS = [(control, number) for control, rows in FAILING.items() for number in range(len(rows))]


def judge(control, contents):
    rule = observed_rules()[control]
    assert rule.missing(contents) == ""
    return tuple(rule.judge(view_of(contents)))


def test_every_control_of_the_cluster_has_a_rule_and_rows():
    assert set(CONTROLS) == set(observed_rules()) == set(FAILING)


@pytest.mark.parametrize("control", CONTROLS)
def test_a_good_cluster_passes_and_says_what_was_seen(control):
    seen = judge(control, contents_of(make_objects()))
    assert [each.evidence for each in seen if each.verdict is not Verdict.PASS] == []
    assert all(each.evidence for each in seen)
    assert seen


@pytest.mark.parametrize(("control", "number"), ROWS)
def test_what_is_wrong_fails(control, number):
    objects = make_objects()
    FAILING[control][number](objects)
    assert worst(each.verdict for each in judge(control, contents_of(objects))) is Verdict.FAIL


@pytest.mark.parametrize("control", CONTROLS)
def test_without_a_list_that_it_needs_nothing_is_said(control):
    rule = observed_rules()[control]
    objects = make_objects()
    if rule.benchmark:
        assert rule.missing(contents_of(objects, benchmark=None)) == "no report of kube-bench"
        return
    assert rule.needs
    for resource in rule.resources[: len(rule.needs)]:
        assert resource in rule.missing(contents_of(objects, without=(resource,)))


PROVIDER = "system:azure-cloud-provider"
CONTROLLER = "system:controller:"
HARMLESS = {
    "the controller manager's own role": bound(
        "clusterrolebindings", user("system:kube-controller-manager"),
        role="system:kube-controller-manager",
    ),
    "an account of AKS with its role": lambda objects: [
        objects["clusterroles"].append(role(f"{PROVIDER}-secret-getter", SECRETS)),
        bound(
            "clusterrolebindings", account("azure-cloud-provider", "kube-system"),
            role=f"{PROVIDER}-secret-getter",
        )(objects),
    ],
    "the account of a controller of Kubernetes with its role": lambda objects: [
        objects["clusterroles"].append(role(f"{CONTROLLER}resourcequota-controller", SECRETS)),
        bound(
            "clusterrolebindings", account("resourcequota-controller", "kube-system"),
            role=f"{CONTROLLER}resourcequota-controller",
        )(objects),
    ],
    "a peer by the name of its namespace": open_peer(
        namespaceSelector={"matchLabels": {NAME: "kube-system"}}
    ),
    "the resolver, found by its label in any namespace": open_peer(
        namespaceSelector={}, podSelector={"matchLabels": {"k8s-app": "kube-dns"}}
    ),
    "an ally by its label, before network policies": other_policy(
        *ADMIN,
        ingress=[
            {"action": "Allow", "from": [{"namespaces": {"matchLabels": {NAME: "monitoring"}}}]}
        ],
    ),
    "a denial before network policies": other_policy(
        *ADMIN, ingress=[{"action": "Deny", "from": [{"namespaces": {}}]}]
    ),
    "an allowance where no network policy selects": other_policy(
        *CLUSTER, tier="Baseline", ingress=[{"action": "Accept", "from": [{"namespaces": {}}]}]
    ),
    "a peer of Calico by its label": other_policy(
        *GLOBAL, ingress=[{"action": "Allow", "source": {"selector": "app == 'prometheus'"}}]
    ),
    "a host by its name": add(
        "ciliumnetworkpolicies", cilium(egress=[{"toFQDNs": [{"matchName": "example.com"}]}])
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HARMLESS)
def test_what_is_the_system_s_or_names_its_peer_passes(case):
    objects = make_objects()
    objects["clusterroles"].append(role("system:kube-controller-manager", EVERYTHING))
    HARMLESS[case](objects)
    contents = contents_of(objects)
    for control in ("CLU-03.4", "CLU-03.5", "WRK-03.2", "WRK-03.3"):
        seen = [each.evidence for each in judge(control, contents) if each.verdict is Verdict.FAIL]
        assert (control, seen) == (control, [])


class Watched(ClusterContents):
    """Contents of a cluster that note of which kinds somebody asked."""

    asked: ClassVar[set[Kind]] = set()

    def of(self, kind):
        self.asked.add(kind)
        return ClusterContents.of(self, kind)


@pytest.mark.parametrize("control", CONTROLS)
def test_a_rule_reads_the_lists_that_its_page_names_and_no_other(control):
    found = contents_of(make_objects())
    Watched.asked.clear()
    watched = Watched(found.source, found.read_on, found.lists, benchmark=found.benchmark)
    rule = observed_rules()[control]
    assert list(rule.judge(view_of(watched)))
    assert Watched.asked <= {*rule.needs, *rule.reads}


REPORTS = {
    "a test of the nodes fails": (
        ("CLU-02.7", "CLU-07"), BenchmarkTest("3.2.1", "anonymous", "FAIL"),
    ),
    "another test fails": (("CLU-07",), BenchmarkTest("4.1.1", "roles", "FAIL")),
    "one warns": ((), BenchmarkTest("3.2.2", "by hand", "WARN")),
}  # fmt: skip


@pytest.mark.parametrize("case", REPORTS)
def test_a_report_of_the_benchmark_is_read_test_by_test(case):
    failing, test = REPORTS[case]
    report = BenchmarkReport("aks-1.8", (*BENCHMARK.tests, test))
    contents = contents_of(make_objects(), benchmark=report)
    for control in ("CLU-02.7", "CLU-07"):
        verdict = worst(each.verdict for each in judge(control, contents))
        assert (verdict is Verdict.FAIL) is (control in failing)
    empty = contents_of(make_objects(), benchmark=BenchmarkReport("aks-1.8", ()))
    assert worst(each.verdict for each in judge("CLU-07", empty)) is Verdict.FAIL


def test_where_nobody_saw_on_which_node_a_pod_runs_nothing_is_said():
    # An observation folds the pods of an owner into one, and leaves their nodes out.
    objects = make_objects()
    put("nodes", "node-1", "spec/taints", TENANT)(objects)
    for name in ("web", "agent"):
        put("pods", name, "spec/nodeName", None)(objects)
    verdicts = {seen.verdict for seen in judge("ENV-01.3", contents_of(objects))}
    assert verdicts == {Verdict.UNKNOWN}


def test_pods_that_ended_and_those_of_the_system_are_not_judged():
    objects = make_objects()
    ended = pod("app", "ended", hostNetwork=True)
    ended["status"] = {"phase": "Succeeded"}
    objects["pods"] += [ended, pod("flux-system", "flux", hostNetwork=True)]
    assert [s.verdict for s in judge("WRK-02.6", contents_of(objects))] == [Verdict.PASS]


def test_a_tenant_s_node_runs_pods_of_namespaces_that_are_led_there():
    objects = make_objects()
    put("nodes", "node-1", "spec/taints", TENANT)(objects)
    put("nodes", "node-1", "metadata/labels", {"tenant": "a"})(objects)
    note = {"scheduler.alpha.kubernetes.io/node-selector": "tenant=a"}
    for name in ("app", "agents"):
        put("namespaces", name, "metadata/annotations", note)(objects)
    assert [s.verdict for s in judge("ENV-01.3", contents_of(objects))] == [Verdict.PASS]
