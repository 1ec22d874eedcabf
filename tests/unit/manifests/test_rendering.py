"""The objects are what Kubernetes takes, and say what the controls ask for."""

import json
import re
from functools import cache

import jsonschema
import kubernetes_validate
import pytest
import yaml

from provisioner.cluster.object_kinds import ADDITIVE
from provisioner.documents.trace import StateKind
from provisioner.manifests.cluster_facts import ManagedNamespace
from provisioner.manifests.manifest import CONTROLS
from provisioner.model.diagnostic import DiagnosticError
from provisioner.reports.manifests_yaml import render_manifest_files, render_manifests_yaml
from provisioner.workflow.manifests import describe_manifests, find_objects
from provisioner.workflow.plan import load_desired
from tests.environments import (
    ENVIRONMENTS,
    ROOT,
    TODAY,
    ShippedFiles,
    compose_small,
    load_shipped,
)
from tests.manifests import CLIENT, DEVELOPERS, FULL, READERS, find, render
from tests.unit.manifests.custom_resources import SPECS


@pytest.fixture(scope="module", autouse=True)
def schemas_read_once():
    """The library reads its definitions, some megabytes of JSON, for each object again."""
    library = kubernetes_validate.utils
    with pytest.MonkeyPatch.context() as patch:
        for name in ("schema_contents", "all_versions"):
            patch.setattr(library, name, cache(getattr(library, name)))
        yield


def check(body, version):
    """Hold an object against the schema of Kubernetes, or against ours where it has none."""
    spec = SPECS.get((body["apiVersion"], body["kind"]))
    if spec is None:
        kubernetes_validate.validate(body, version, strict=True)
    else:
        jsonschema.validate(body["spec"], spec)


CLUSTERS = {
    "nothing stated": {},
    "everything": {"text": FULL},
    "a mesh": {"text": FULL, "has_istio": True},
    "another engine than Cilium": {"has_cilium": False, "filters_hosts": False},
    "no registry": {"registries": ()},
    "in China": {"text": FULL, "cloud": "AzureChinaCloud"},
}


@pytest.mark.parametrize("name", CLUSTERS)
def test_kubernetes_takes_every_object(name):
    for manifest in render(**CLUSTERS[name]).manifests:
        check(manifest.body, "1.35")


@pytest.mark.parametrize("version", ["1.33", "1.34", "1.36"])
def test_every_version_that_aks_offers_takes_every_object(version):
    for manifest in render(FULL).manifests:
        check(manifest.body, version)


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_kubernetes_takes_the_objects_of_the_shipped_environments(path, catalog):
    desired = load_shipped(path.stem, catalog)
    objects = find_objects(desired, catalog, pytest.fail, StateKind.DESIRED)
    # The namespaces themselves are Azure Resource Manager's.
    assert {"LimitRange", "NetworkPolicy"} <= {manifest.kind for manifest in objects.manifests}
    for manifest in objects.manifests:
        check(manifest.body, ".".join(map(str, objects.facts.version)))


def test_the_environment_of_the_page_is_one_that_works(catalog):
    page = (ROOT / "docs" / "manifests.md").read_text(encoding="utf-8")
    text = re.search(r"```yaml environments/billing.yaml\n(.*?)```", page, re.DOTALL)[1]

    class Sources(ShippedFiles):
        def read_text(self, path):
            return text if path == "environments/billing.yaml" else super().read_text(path)

    desired = load_desired("environments/billing.yaml", catalog, Sources(), TODAY)
    objects = find_objects(desired, catalog, pytest.fail, StateKind.DESIRED)
    assert objects.diagnostics == ()
    for manifest in objects.manifests:
        check(manifest.body, "1.35")
    # Every object and policy that the page names is there, and none that it does not.
    policies = {policy.name for policy in objects.policies}
    assert policies == set(re.findall(r"^\| `(azsec-[a-z-]+)` \|", page, re.MULTILINE))
    for kind in {manifest.kind for manifest in objects.manifests} - {
        "ValidatingAdmissionPolicyBinding"
    }:
        assert kind in page


def test_a_wrong_object_is_noticed():
    policy = json.loads(json.dumps(find(render(), "NetworkPolicy", "allow-dns")))
    policy["spec"]["egres"] = policy["spec"].pop("egress")
    with pytest.raises(Exception, match="egres"):
        check(policy, "1.35")
    hosts = json.loads(json.dumps(find(render(FULL), "CiliumNetworkPolicy", "allow-hosts")))
    hosts["spec"]["egress"][0]["toPorts"][0]["rules"] = {"dns": [{"matchPattern": "*"}]}
    with pytest.raises(jsonschema.ValidationError):
        check(hosts, "1.35")


def test_every_object_names_its_controls_and_is_there_once():
    manifests = render(FULL, has_istio=True).manifests
    for manifest in manifests:
        assert manifest.body["metadata"]["annotations"][CONTROLS].split() == list(manifest.controls)
        assert manifest.controls
        assert manifest.reason.endswith(".")
    places = [(m.kind, m.namespace, m.name) for m in manifests]
    assert len(set(places)) == len(places)


def test_a_namespace_comes_before_what_stands_in_it():
    made = set()
    for manifest in render(FULL).manifests:
        if manifest.kind == "Namespace":
            made.add(manifest.name)
        assert manifest.namespace is None or manifest.namespace in made


def test_labels_pin_the_standard_to_the_version_of_the_cluster():
    labels = find(render(version=(1, 34)), "Namespace", "app")["metadata"]["labels"]
    for mode in ("enforce", "audit", "warn"):
        assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"
        assert labels[f"pod-security.kubernetes.io/{mode}-version"] == "v1.34"


def test_deployers_manage_deployments_and_see_what_becomes_of_them():
    objects = render(FULL)
    rules = find(objects, "Role", "deployment-manager", "app")["rules"]
    allowed = {
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    read = {"get", "list", "watch"}
    change = {"create", "update", "patch", "delete"}
    assert allowed == {
        *(("apps", "deployments", verb) for verb in read | change),
        *(("apps", "deployments/scale", verb) for verb in ("get", "update", "patch")),
        *(("apps", "replicasets", verb) for verb in read),
        *(("", resource, verb) for resource in ("pods", "events") for verb in read),
        *(("events.k8s.io", "events", verb) for verb in read),
    }
    (subject,) = find(objects, "RoleBinding", "deployment-manager", "app")["subjects"]
    assert (subject["kind"], subject["name"]) == ("Group", DEVELOPERS)


def test_log_readers_read_pods_and_their_logs():
    objects = render(FULL)
    (rule,) = find(objects, "Role", "log-reader", "app")["rules"]
    assert rule == {
        "apiGroups": [""],
        "resources": ["pods", "pods/log"],
        "verbs": ["get", "list", "watch"],
    }
    (subject,) = find(objects, "RoleBinding", "log-reader", "app")["subjects"]
    assert subject["name"] == READERS


def test_nobody_gets_a_role_who_is_not_named():
    assert not {"Role", "RoleBinding"} & {m.kind for m in render().manifests}


def test_secrets_are_read_by_the_identity_of_their_account():
    parameters = find(render(FULL), "SecretProviderClass", "app")["spec"]["parameters"]
    assert parameters["usePodIdentity"] == "false"
    assert (parameters["clientID"], parameters["keyvaultName"]) == (CLIENT, "kv-test")
    entries = [yaml.safe_load(entry) for entry in yaml.safe_load(parameters["objects"])["array"]]
    assert [entry["objectName"] for entry in entries] == ["db-user", "db-host"]


def test_accounts_mount_no_token_and_carry_their_identity():
    objects = render(FULL)
    accounts = [m.body for m in objects.manifests if m.kind == "ServiceAccount"]
    assert all(account["automountServiceAccountToken"] is False for account in accounts)
    key = "azure.workload.identity/client-id"
    clients = {
        account["metadata"]["name"]: account["metadata"]["annotations"].get(key)
        for account in accounts
        if account["metadata"]["namespace"] == "app"
    }
    assert clients == {"default": None, "app": CLIENT, "batch": None, "worker": CLIENT}


def test_a_quota_that_is_null_is_left_out():
    hard = find(render(FULL), "ResourceQuota", "azsec-quota", "app")["spec"]["hard"]
    assert hard == {
        "requests.cpu": "8",
        "limits.cpu": "8",
        "requests.memory": "8Gi",
        "limits.memory": "32Gi",
    }


def test_what_arm_keeps_of_a_namespace_is_left_to_it():
    managed = ManagedNamespace("app", "baseline", (1, 30), has_quota=True, has_network_policy=True)
    objects = render(managed={"app": managed})
    names = {(manifest.kind, manifest.name) for manifest in objects.manifests}
    assert ("Namespace", "app") not in names
    assert ("ResourceQuota", "azsec-quota") not in names
    assert ("NetworkPolicy", "default-deny") not in names
    assert ("NetworkPolicy", "allow-dns") in names
    assert objects.namespaces[0].pod_security == "baseline"


CREDENTIALS = """\
cluster:
  type: Microsoft.ContainerService/managedClusters
  resourceGroup: main
  name: aks
  identity: {type: SystemAssigned}
  properties: {dnsPrefix: a, kubernetesVersion: 1.35.4}
identity:
  type: Microsoft.ManagedIdentity/userAssignedIdentities
  resourceGroup: main
  name: id-shop
"""


def test_an_identity_of_the_system_makes_no_namespace_of_the_system(catalog):
    subjects = {
        "ours": "system:serviceaccount:shop:web.v2",
        "dns": "system:serviceaccount:kube-system:external-dns",
        "default": "system:serviceaccount:default:default",
        "github": "repo:contoso/platform:environment:prod",
        "broken": "system:serviceaccount:A B:web",
    }
    text = CREDENTIALS + "".join(
        f"{name}:\n"
        "  type: Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials\n"
        "  parent: ${identity.id}\n"
        f"  name: {name}\n"
        "  properties:\n"
        "    issuer: https://issuer.example.com\n"
        f"    subject: '{subject}'\n"
        "    audiences: [api://AzureADTokenExchange]\n"
        for name, subject in subjects.items()
    )
    objects = find_objects(compose_small(text, catalog), catalog, pytest.fail, StateKind.DESIRED)
    assert [namespace.name for namespace in objects.namespaces] == ["shop"]
    assert [account.name for account in objects.namespaces[0].accounts] == ["web.v2"]
    assert objects.facts.version == (1, 35)


def test_a_client_id_that_only_azure_knows_is_told(catalog):
    objects = find_objects(load_shipped("local", catalog), catalog, pytest.fail, StateKind.DESIRED)
    (told,) = objects.diagnostics
    assert told.code == "unknown-client-id"


def test_the_benchmark_runs_an_image_of_the_environment():
    pod = find(render(FULL), "Job", "kube-bench")["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == "crtest.azurecr.io/tools/kube-bench:v1.2.3"
    assert " ".join(pod["containers"][0]["command"]) == (
        "kube-bench run --targets node --benchmark aks-1.8 --json"
    )


def test_a_mesh_takes_encrypted_traffic_alone():
    mesh = find(render(has_istio=True), "PeerAuthentication", "default")
    assert mesh["spec"]["mtls"]["mode"] == "STRICT"
    assert mesh["metadata"]["namespace"] == "aks-istio-system"


IMPOSSIBLE = {
    "isolated pods without a pool for them": (
        "namespaces: [{name: a, isolated: true}]", {"has_kata": False}, "no-isolated-pool",
    ),
    "hosts without policies for hosts": (
        "namespaces: [{name: a, egress: [{to: a.example.com, ports: [443]}]}]",
        {"filters_hosts": False},
        "no-host-policies",
    ),
    "private endpoints that are not there": (
        "namespaces: [{name: a, egress: [{to: private-endpoints, ports: [443]}]}]",
        {"endpoint_ranges": ()},
        "no-private-endpoint",
    ),
    "secrets of an account that is not there": (
        "namespaces: [{name: app, secrets: [{name: s, serviceAccount: ap, objects: [o]}]}]",
        {},
        "unknown-service-account",
    ),
    "secrets of one of two vaults": (
        "namespaces: [{name: app, secrets: [{name: s, serviceAccount: app, objects: [o]}]}]",
        {"vaults": ("a", "b")},
        "which-vault",
    ),
    "a benchmark without a registry": (
        "benchmark: {image: 'kube-bench:v1'}", {"registries": ()}, "no-registry",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_what_the_cluster_cannot_do_is_refused_where_it_is_asked_for(case):
    text, facts, code = IMPOSSIBLE[case]
    with pytest.raises(DiagnosticError) as raised:
        render(text, **facts)
    (told,) = raised.value.diagnostics
    assert told.code == code
    assert told.span.line > 10


def test_the_bytes_are_the_same_each_time_and_read_back_as_they_were(catalog):
    desired = load_shipped("local", catalog)

    def text():
        objects = find_objects(desired, catalog, pytest.fail, StateKind.DESIRED)
        return describe_manifests(desired, objects)

    assert render_manifests_yaml(text()) == render_manifests_yaml(text())
    assert list(yaml.safe_load_all(render_manifests_yaml(text()))) == [
        manifest.body for manifest in text().manifests
    ]
    files = render_manifest_files(text())
    assert set(files) == {"namespace-app.yaml", "cluster.yaml"}
    assert next(yaml.safe_load_all(files["namespace-app.yaml"]))["kind"] == "LimitRange"


def test_the_observer_may_list_every_kind_that_adds_up():
    objects = render("observer: {image: tools/azsec:1.0.0}")
    role = find(objects, "ClusterRole", "azsec-observer")
    listed = {(rule["apiGroups"][0], name) for rule in role["rules"] for name in rule["resources"]}
    for kind in ADDITIVE:
        if kind.kind == "Secret":  # A list of them would show what is in them.
            continue
        stem = kind.kind.lower().removesuffix("y")
        assert any(group == kind.group and name.startswith(stem) for group, name in listed), kind
