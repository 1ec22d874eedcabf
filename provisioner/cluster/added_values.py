"""What there is to say of an undeclared object, by its kind; and whether it adds anything at all.

Sources: kubernetes.io, "Service" (ExternalName, externalIPs), "Priority and
Preemption", "Storage Classes", "Ingress" (default class), "Versions in CustomResourceDefinitions"
(conversion webhooks), "CSIDriver" (token requests), "Pod Security Standards"; ingress-nginx,
"Annotations" (snippets are put into the proxy's configuration); gateway-api.sigs.k8s.io,
"ReferenceGrant"; open-policy-agent.github.io/gatekeeper, "Exempting Namespaces" and "Mutation".
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from provisioner.cluster.objects import Object
from provisioner.cluster.permissions import describe_subjects, find_aggregates
from provisioner.cluster.pods import describe_debugging, describe_node_access
from provisioner.cluster.service_addresses import (
    Selecting,
    describe_endpoints,
    describe_slice,
)

Reader = Callable[[Object], dict[str, Any] | None]


def _binding(body: Object) -> dict[str, Any] | None:
    reference = body.get("roleRef") or {}
    return {
        "role": f"{reference.get('kind')} {reference.get('name')}",
        "subjects": list(describe_subjects(body)),
    }


def _role(body: Object) -> dict[str, Any] | None:
    into = find_aggregates(body)
    return {"aggregates to": list(into)} if into else {}


def _webhook(body: Object) -> dict[str, Any] | None:
    hooks = body.get("webhooks") or ()
    return {
        "webhooks": [str(hook.get("name")) for hook in hooks],
        "resources": sorted({name for hook in hooks for name in _resources_of(hook)}),
        "clients": sorted({_client(hook.get("clientConfig") or {}) for hook in hooks}),
    }


def _resources_of(hook: Mapping[str, Any]) -> Iterator[str]:
    for rule in hook.get("rules") or ():
        yield from map(str, rule.get("resources") or ())


def _client(config: Mapping[str, Any]) -> str:
    service = config.get("service") or {}
    return str(config.get("url") or f"{service.get('name')}.{service.get('namespace')}")


def _policy_binding(body: Object) -> dict[str, Any] | None:
    spec = body.get("spec") or {}
    actions = list(spec.get("validationActions") or ())
    return {"policy": str(spec.get("policyName")), "actions": actions}


def _api_service(body: Object) -> dict[str, Any] | None:
    service = (body.get("spec") or {}).get("service")
    # Without a service it is a part of the API server itself.
    return None if not service else {"service": f"{service.get('name')}.{service.get('namespace')}"}


def _volume(body: Object) -> dict[str, Any] | None:
    spec = body.get("spec") or {}
    folder = (spec.get("hostPath") or spec.get("local") or {}).get("path")
    return None if folder is None else {"path": str(folder)}


def _service(body: Object) -> dict[str, Any] | None:
    spec = body.get("spec") or {}
    kind, addresses = spec.get("type"), spec.get("externalIPs")
    if kind == "ExternalName":
        return {"type": kind, "leads to": str(spec.get("externalName"))}
    if kind not in ("LoadBalancer", "NodePort") and not addresses:
        return None
    ports = [str(port.get("port")) for port in spec.get("ports") or ()]
    return {"type": str(kind), "ports": ports, **({"externalIPs": addresses} if addresses else {})}


def _pod(body: Object) -> dict[str, Any] | None:
    spec = body.get("spec") or {}
    access = (*describe_node_access(spec), *describe_debugging(spec))
    return {"has": list(access)} if access else None


def _workload(body: Object) -> dict[str, Any] | None:
    """Read what makes pods: one that has none yet, or only at night, is seen by its template."""
    spec = body.get("spec") or {}
    job = (spec.get("jobTemplate") or {}).get("spec") or spec
    access = describe_node_access((job.get("template") or {}).get("spec") or {})
    return {"has": list(access)} if access else None


def _secret(body: Object) -> dict[str, Any] | None:
    metadata = body.get("metadata") or {}
    name = (metadata.get("annotations") or {}).get("kubernetes.io/service-account.name")
    return {"account": str(name)}


_KUBELETS: Mapping[str, tuple[str, ...]] = {
    "kubernetes.io/kubelet-serving": ("system:node:",),
    "kubernetes.io/kube-apiserver-client-kubelet": ("system:node:", "system:bootstrap:"),
}
"""The signers of kubelets, each with how the users begin that ask them (kubernetes.io, "Kubernetes
signers", "TLS bootstrapping"). The API server writes the user into a request, no client does."""


def _request(body: Object) -> dict[str, Any] | None:
    spec = body.get("spec") or {}
    signer, user = str(spec.get("signerName")), str(spec.get("username"))
    # Each node asks for its own, again and again.
    is_of_kubelet = user.startswith(_KUBELETS.get(signer) or ("\0",))
    return None if is_of_kubelet else {"signer": signer, "by": user}


def _definition(body: Object) -> dict[str, Any] | None:
    spec = body.get("spec") or {}
    webhook = (spec.get("conversion") or {}).get("webhook") or {}
    hook = {"conversion webhook": _client(webhook.get("clientConfig") or {})} if webhook else {}
    return {"group": str(spec.get("group")), **hook}


def _priority(body: Object) -> dict[str, Any] | None:
    if body["metadata"]["name"] in ("system-cluster-critical", "system-node-critical"):
        return None
    default = {"globalDefault": True} if body.get("globalDefault") else {}
    return {"value": body.get("value"), **default}


def _is_default(body: Object, kind: str) -> dict[str, Any]:
    noted = (body.get("metadata") or {}).get("annotations") or {}
    return (
        {"default": True} if noted.get(f"{kind}.kubernetes.io/is-default-class") == "true" else {}
    )


def _storage_class(body: Object) -> dict[str, Any] | None:
    return {"provisioner": str(body.get("provisioner")), **_is_default(body, "storageclass")}


def _ingress_class(body: Object) -> dict[str, Any] | None:
    controller = str((body.get("spec") or {}).get("controller"))
    return {"controller": controller, **_is_default(body, "ingressclass")}


def _driver(body: Object) -> dict[str, Any] | None:
    requested = (body.get("spec") or {}).get("tokenRequests") or ()
    return {"tokens for": [str(each.get("audience")) for each in requested]} if requested else {}


def _ingress(body: Object) -> dict[str, Any] | None:
    """Read what an ingress puts into its proxy's configuration; without that it is an application's
    own, and policies decide who reaches that."""
    noted = (body.get("metadata") or {}).get("annotations") or {}
    found = [name for name in noted if name.endswith("-snippet")]
    return {"annotations": sorted(found)} if found else None


def _reference_grant(body: Object) -> dict[str, Any] | None:
    spec = body.get("spec") or {}
    return {
        "from": [f"{e.get('kind')} in {e.get('namespace')}" for e in spec.get("from") or ()],
        "to": [str(each.get("kind")) for each in spec.get("to") or ()],
    }


_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"

_READERS: Mapping[tuple[str, str], Reader] = {
    (_RBAC, "RoleBinding"): _binding,
    (_RBAC, "ClusterRoleBinding"): _binding,
    (_RBAC, "Role"): _role,
    (_RBAC, "ClusterRole"): _role,
    (_ADMISSION, "ValidatingWebhookConfiguration"): _webhook,
    (_ADMISSION, "MutatingWebhookConfiguration"): _webhook,
    (_ADMISSION, "ValidatingAdmissionPolicyBinding"): _policy_binding,
    (_ADMISSION, "MutatingAdmissionPolicyBinding"): _policy_binding,
    ("apiregistration.k8s.io", "APIService"): _api_service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("", "PersistentVolume"): _volume,
    ("", "Service"): _service,
    ("", "Pod"): _pod,
    ("apps", "DaemonSet"): _workload,
    ("apps", "Deployment"): _workload,
    ("apps", "StatefulSet"): _workload,
    ("batch", "CronJob"): _workload,
    ("batch", "Job"): _workload,
    ("", "Secret"): _secret,
    ("certificates.k8s.io", "CertificateSigningRequest"): _request,
    ("scheduling.k8s.io", "PriorityClass"): _priority,
    ("storage.k8s.io", "StorageClass"): _storage_class,
    ("storage.k8s.io", "CSIDriver"): _driver,
    ("networking.k8s.io", "IngressClass"): _ingress_class,
    ("networking.k8s.io", "Ingress"): _ingress,
    ("gateway.networking.k8s.io", "ReferenceGrant"): _reference_grant,
}

_ADDRESS_READERS: Mapping[tuple[str, str], Callable[[Object, Selecting], dict[str, Any] | None]] = {
    ("", "Endpoints"): describe_endpoints,
    ("discovery.k8s.io", "EndpointSlice"): describe_slice,
}


def describe_values(
    group: str, kind: str, body: Object, selecting: Selecting
) -> dict[str, Any] | None:
    """Return what to say of an object of a kind; None where it is harmless. `selecting` are the
    services of its cluster whose endpoints a controller keeps."""
    reader = _READERS.get((group, kind))
    if reader is not None:
        return reader(body)
    addresses = _ADDRESS_READERS.get((group, kind))
    return {} if addresses is None else addresses(body, selecting)
