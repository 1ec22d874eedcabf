"""The objects of the observer: a CronJob in the cluster that records what it reads.

It may list what `azsec cluster observe` reads, except secrets, and write one ConfigMap of its own
namespace, or a blob with an identity of its own. It needs no administrator permission and no open
port. `rendering` calls it where the environment declares `observer:`.
"""

from collections.abc import Iterator
from dataclasses import replace

from provisioner.blueprint.kubernetes import KubernetesSettings, ObserverSettings
from provisioner.manifests.cluster_facts import ClusterFacts, Federation
from provisioner.manifests.manifest import Manifest, Place, make_manifest
from provisioner.manifests.namespace_objects import pod_security_labels
from provisioner.model.cluster_contents import Kind, Object
from provisioner.model.diagnostic import Diagnostic, warning

OBSERVER_NAMESPACE = "azsec-observer"

_NAME = "observer"
CLUSTER_NAME = "azsec-observer"
_CONFIG_MAP = "observation"
_KEY_SECRET = "azsec-observer"
_RBAC = "rbac.authorization.k8s.io"
_RBAC_VERSION = f"{_RBAC}/v1"
_CONTROLS = ("MAN-01", "SA-01")

READ = (
    ("", (
        "endpoints", "limitranges", "namespaces", "nodes", "persistentvolumes", "pods",
        "podtemplates", "replicationcontrollers", "resourcequotas", "serviceaccounts", "services",
    )),
    ("admissionregistration.k8s.io", (
        "mutatingadmissionpolicies", "mutatingadmissionpolicybindings",
        "mutatingwebhookconfigurations", "validatingadmissionpolicies",
        "validatingadmissionpolicybindings", "validatingwebhookconfigurations",
    )),
    ("apiextensions.k8s.io", ("customresourcedefinitions",)),
    ("apiregistration.k8s.io", ("apiservices",)),
    ("apps", ("daemonsets", "deployments", "replicasets", "statefulsets")),
    ("argoproj.io", ("applications", "applicationsets", "appprojects")),
    ("batch", ("cronjobs", "jobs")),
    ("certificates.k8s.io", ("certificatesigningrequests",)),
    ("cilium.io", (
        "ciliumclusterwideenvoyconfigs", "ciliumclusterwidenetworkpolicies",
        "ciliumegressgatewaypolicies", "ciliumenvoyconfigs", "ciliumlocalredirectpolicies",
        "ciliumnetworkpolicies", "ciliumnodeconfigs", "ciliumnodes",
    )),
    ("config.gatekeeper.sh", ("configs",)),
    ("crd.projectcalico.org", ("globalnetworkpolicies", "networkpolicies")),
    ("discovery.k8s.io", ("endpointslices",)),
    ("expansion.gatekeeper.sh", ("expansiontemplate",)),
    ("extensions.istio.io", ("wasmplugins",)),
    ("externaldata.gatekeeper.sh", ("providers",)),
    ("gateway.networking.k8s.io", (
        "gateways", "grpcroutes", "httproutes", "referencegrants", "tcproutes", "tlsroutes",
        "udproutes",
    )),
    ("helm.toolkit.fluxcd.io", ("helmreleases",)),
    ("kustomize.toolkit.fluxcd.io", ("kustomizations",)),
    ("mutations.gatekeeper.sh", ("assign", "assignimage", "assignmetadata", "modifyset")),
    ("networking.istio.io", (
        "destinationrules", "envoyfilters", "gateways", "serviceentries", "sidecars",
        "virtualservices", "workloadentries",
    )),
    ("networking.k8s.io", ("ingressclasses", "ingresses", "networkpolicies")),
    ("node.k8s.io", ("runtimeclasses",)),
    ("policy", ("poddisruptionbudgets",)),
    ("policy.networking.k8s.io", (
        "adminnetworkpolicies", "baselineadminnetworkpolicies", "clusternetworkpolicies",
    )),
    (_RBAC, ("clusterrolebindings", "clusterroles", "rolebindings", "roles")),
    ("scheduling.k8s.io", ("priorityclasses",)),
    ("secrets-store.csi.x-k8s.io", ("secretproviderclasses",)),
    ("security.istio.io", (
        "authorizationpolicies", "peerauthentications", "requestauthentications",
    )),
    ("source.toolkit.fluxcd.io", (
        "buckets", "gitrepositories", "helmcharts", "helmrepositories", "ocirepositories",
    )),
    ("storage.k8s.io", ("csidrivers", "storageclasses")),
    ("telemetry.istio.io", ("telemetries",)),
)  # fmt: skip
"""The kinds that it lists: those of `provisioner.cluster.object_kinds` and those that controls
read, without secrets. A list of secrets returns their content."""

LEFT_OUT = Kind("", "Secret")
"""The kind that controls would read (service account tokens that never expire, SA-03), and that the
observer's role leaves out deliberately."""


def is_kept_by_observer(body: Object) -> bool:
    """Return whether an object is what the observer writes or signs with.

    No environment declares these objects, and they are deleted with the observer's namespace.
    """
    metadata = body["metadata"]
    return metadata.get("namespace") == OBSERVER_NAMESPACE and (
        (body["kind"], metadata["name"]) in (("ConfigMap", _CONFIG_MAP), ("Secret", _KEY_SECRET))
    )


def without_observer(facts: ClusterFacts) -> ClusterFacts:
    """Return facts without the observer's identity: its namespace is not one of workloads."""
    others = (each for each in facts.federations if not _is_of_observer(each))
    return replace(facts, federations=tuple(others))


def warn_of_observer(settings: KubernetesSettings, facts: ClusterFacts) -> Iterator[Diagnostic]:
    """Yield a warning where the observer is to write a blob, and not known as whom."""
    stated = settings.observer
    if stated is None or settings.observation.blob is None or _client_of(stated, facts):
        return
    named = next((each.identity for each in facts.federations if _is_of_observer(each)), None)
    subject = f"system:serviceaccount:{OBSERVER_NAMESPACE}:{_NAME}"
    yield warning(
        "unknown-client-id",
        f"the observer does not sign in to write its blob: the client id of {named} is not known."
        if named
        else f"the observer does not sign in to write its blob: no identity is federated with "
        f"{subject}.",
        None,
        "Run with --of actual after apply, or state `kubernetes.observer.clientId`."
        if named
        else "Use blueprints/modules/observation.yaml, or state `kubernetes.observer.clientId`.",
    )


def _is_of_observer(federation: Federation) -> bool:
    return (federation.namespace, federation.account) == (OBSERVER_NAMESPACE, _NAME)


def _client_of(settings: ObserverSettings, facts: ClusterFacts) -> str | None:
    known = (each.client_id for each in facts.federations if _is_of_observer(each))
    return settings.client_id or next(known, None)


def render_observer(
    settings: ObserverSettings, blob: str | None, facts: ClusterFacts
) -> Iterator[Manifest]:
    """Yield the observer's namespace, account, roles, policy and job.

    `blob` is the blob that it writes to, None for its ConfigMap.
    """
    client = _client_of(settings, facts) if blob else None
    identity = {
        "azure.workload.identity/client-id": client,
        "azure.workload.identity/tenant-id": facts.tenant_id,
    }
    yield make_manifest(
        Place("v1", "Namespace", OBSERVER_NAMESPACE),
        ("CLU-05.1", "CLU-05.5"),
        "Pods have to meet the restricted standard.",
        {},
        labels=pod_security_labels("restricted", facts.version),
    )
    yield make_manifest(
        Place("networking.k8s.io/v1", "NetworkPolicy", "default-deny", OBSERVER_NAMESPACE),
        ("WRK-03.2",),
        "Lets nobody in, and the observer to TLS servers and the resolver alone.",
        {
            "spec": {
                "podSelector": {},
                "policyTypes": ["Ingress", "Egress"],
                # Without peers: the address of the API server and of the storage account are not
                # known to the manifest.
                "egress": [
                    {
                        "ports": [
                            _port_entry("TCP", 443),
                            _port_entry("UDP", 53),
                            _port_entry("TCP", 53),
                        ]
                    }
                ],
            }
        },
    )
    yield make_manifest(
        Place("v1", "ServiceAccount", _NAME, OBSERVER_NAMESPACE),
        _CONTROLS,
        "Holds a token for the API server in the observer's pod alone.",
        # On the account it is off for pods that somebody else starts with it; the observer's own
        # pod turns it on.
        {"automountServiceAccountToken": False},
        annotations={k: v for k, v in identity.items() if v} if client else None,
    )
    yield from _role_manifests(writes_map=blob is None)
    yield make_manifest(
        Place("batch/v1", "CronJob", _NAME, OBSERVER_NAMESPACE),
        _CONTROLS,
        "Writes down what the cluster holds, signed with the key in the secret azsec-observer.",
        {"spec": _schedule_spec(settings, f"{facts.registries[0]}/{settings.image}", blob)},
    )


def _port_entry(protocol: str, number: int) -> dict[str, object]:
    return {"protocol": protocol, "port": number}


def _role_manifests(*, writes_map: bool) -> Iterator[Manifest]:
    rules = [
        {"apiGroups": [group], "resources": list(resources), "verbs": ["get", "list"]}
        for group, resources in READ
    ]
    yield make_manifest(
        Place(f"{_RBAC}/v1", "ClusterRole", CLUSTER_NAME),
        _CONTROLS,
        "Reads what an observation holds; no secrets.",
        {"rules": rules},
    )
    yield _binding_manifest(
        "ClusterRole", CLUSTER_NAME, Place(_RBAC_VERSION, "ClusterRoleBinding", CLUSTER_NAME)
    )
    if not writes_map:
        return
    own = {"resources": ["configmaps"], "apiGroups": [""]}
    yield make_manifest(
        Place(f"{_RBAC}/v1", "Role", _NAME, OBSERVER_NAMESPACE),
        _CONTROLS,
        "Writes the ConfigMap with the observation.",
        {
            "rules": [
                {**own, "resourceNames": [_CONFIG_MAP], "verbs": ["get", "patch"]},
                # `create` cannot be restricted to a name, because the object does not exist yet.
                {**own, "verbs": ["create"]},
            ]
        },
    )
    yield _binding_manifest(
        "Role", _NAME, Place(_RBAC_VERSION, "RoleBinding", _NAME, OBSERVER_NAMESPACE)
    )


def _binding_manifest(kind: str, bound: str, place: Place) -> Manifest:
    account = {"kind": "ServiceAccount", "name": _NAME, "namespace": OBSERVER_NAMESPACE}
    reference = {"apiGroup": _RBAC, "kind": kind, "name": bound}
    return make_manifest(
        place, _CONTROLS, "For the observer alone.", {"roleRef": reference, "subjects": [account]}
    )


def _schedule_spec(settings: ObserverSettings, image: str, blob: str | None) -> dict[str, object]:
    target = ["--config-map", f"{OBSERVER_NAMESPACE}/{_CONFIG_MAP}"]
    container = {
        "name": _NAME,
        "image": image,
        # The registry then checks the permission to pull, also where the node has the image
        # ("Images").
        "imagePullPolicy": "Always",
        "args": ["cluster", "observe", *(["--blob", blob] if blob else target)],
        "env": [
            {
                "name": "AZSEC_OBSERVATION_KEY",
                "valueFrom": {"secretKeyRef": {"name": _KEY_SECRET, "key": "key"}},
            }
        ],
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"cpu": "1", "memory": "512Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }
    pod = {
        "automountServiceAccountToken": True,
        "containers": [container],
        # Root in a user namespace is nobody on the node ("User Namespaces").
        "hostUsers": False,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "restartPolicy": "Never",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "fsGroup": 10001,
            "supplementalGroups": [10001],
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "serviceAccountName": _NAME,
    }
    template: dict[str, object] = {"spec": pod}
    if blob is not None:
        # The webhook of workload identity adds the token and Azure's environment variables to these
        # pods.
        template["metadata"] = {"labels": {"azure.workload.identity/use": "true"}}
    job = {
        "backoffLimit": 1,
        # With Forbid, a job that hangs would block all later ones.
        "activeDeadlineSeconds": 1800,
        "ttlSecondsAfterFinished": 3600,
        "template": template,
    }
    return {
        "schedule": settings.schedule,
        "concurrencyPolicy": "Forbid",
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {"spec": job},
    }
