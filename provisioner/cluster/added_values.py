"""Findings on an undeclared object by its kind: the access, traffic or admission that it opens.

Sources: kubernetes.io, "Service" (ExternalName, externalIPs), "Priority and
Preemption", "Storage Classes", "Ingress" (default class), "Versions in CustomResourceDefinitions"
(conversion webhooks), "CSIDriver" (token requests), "Pod Security Standards"; ingress-nginx,
"Annotations" (snippets are put into the proxy's configuration); gateway-api.sigs.k8s.io,
"ReferenceGrant"; open-policy-agent.github.io/gatekeeper, "Exempting Namespaces" and "Mutation";
docs.nginx.com, "Advanced Configuration with Snippets"; haproxy-ingress.github.io, "Configuration
snippet"; azure.github.io/application-gateway-kubernetes-ingress, "Annotations".

Called by `undeclared_objects`, `aks_objects` and `workflow.cluster_observation`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from provisioner.cluster.objects import Object
from provisioner.cluster.permissions import describe_subjects, find_aggregates
from provisioner.cluster.pods import (
    describe_debugging,
    describe_node_access,
    describe_template_access,
)
from provisioner.cluster.service_addresses import (
    Selecting,
    describe_endpoints,
    describe_slice,
)

Reader = Callable[[Object], dict[str, Any] | None]


def _describe_binding(body: Object) -> dict[str, Any] | None:
    reference = body.get("roleRef") or {}
    return {
        "role": f"{reference.get('kind')} {reference.get('name')}",
        "subjects": list(describe_subjects(body)),
    }


def _describe_role(body: Object) -> dict[str, Any] | None:
    into = find_aggregates(body)
    return {"aggregates to": list(into)} if into else {}


def _describe_webhook(body: Object) -> dict[str, Any] | None:
    hooks = body.get("webhooks") or ()
    return {
        "webhooks": [str(hook.get("name")) for hook in hooks],
        "resources": sorted({name for hook in hooks for name in _resources_of(hook)}),
        "clients": sorted({_client_address(hook.get("clientConfig") or {}) for hook in hooks}),
    }


def _resources_of(hook: Mapping[str, Any]) -> Iterator[str]:
    for rule in hook.get("rules") or ():
        yield from map(str, rule.get("resources") or ())


def _client_address(config: Mapping[str, Any]) -> str:
    service = config.get("service") or {}
    return str(config.get("url") or f"{service.get('name')}.{service.get('namespace')}")


def _describe_policy_binding(body: Object) -> dict[str, Any] | None:
    spec = body.get("spec") or {}
    actions = list(spec.get("validationActions") or ())
    return {"policy": str(spec.get("policyName")), "actions": actions}


def _describe_api_service(body: Object) -> dict[str, Any] | None:
    service = (body.get("spec") or {}).get("service")
    # Without a service it is a part of the API server itself.
    return None if not service else {"service": f"{service.get('name')}.{service.get('namespace')}"}


def _describe_volume(body: Object) -> dict[str, Any] | None:
    spec = body.get("spec") or {}
    if spec.get("flexVolume"):
        return {"flexVolume": str(spec["flexVolume"].get("driver"))}
    folder = (spec.get("hostPath") or spec.get("local") or {}).get("path")
    return None if folder is None else {"path": str(folder)}


def _describe_service(body: Object) -> dict[str, Any] | None:
    spec = body.get("spec") or {}
    kind, addresses = spec.get("type"), spec.get("externalIPs")
    if kind == "ExternalName":
        return {"type": kind, "leads to": str(spec.get("externalName"))}
    # A ClusterIP service is reached from inside alone, where network policies decide.
    if kind not in ("LoadBalancer", "NodePort") and not addresses:
        return None
    ports = [str(port.get("port")) for port in spec.get("ports") or ()]
    return {"type": str(kind), "ports": ports, **({"externalIPs": addresses} if addresses else {})}


def _describe_pod(body: Object) -> dict[str, Any] | None:
    spec = body.get("spec") or {}
    access = (*describe_node_access(spec), *describe_debugging(spec))
    return {"has": list(access)} if access else None


def _describe_workload(body: Object) -> dict[str, Any] | None:
    """Read what makes pods: one that has none yet, or only at night, is seen by its template."""
    access = describe_template_access(body)
    return {"has": list(access)} if access else None


_ACCOUNT_TOKEN = "kubernetes.io/service-account-token"
BOOTSTRAP_TOKEN = "bootstrap.kubernetes.io/token"
_BOOTSTRAP_NAME = "bootstrap-token-"


def _describe_secret(body: Object) -> dict[str, Any] | None:
    """Read a secret that is a credential for the API server.

    A bootstrap token counts as one in kube-system alone, and under its name (kubernetes.io,
    "Bootstrap Token Secret Format").
    """
    metadata = body.get("metadata") or {}
    if body.get("type") == _ACCOUNT_TOKEN:
        name = (metadata.get("annotations") or {}).get("kubernetes.io/service-account.name")
        # Such a token has no expiry, unlike one of the TokenRequest API ("Managing Service
        # Accounts").
        return {"account": str(name), "token": "never expires"}
    named = str(metadata.get("name")).startswith(_BOOTSTRAP_NAME)
    if body.get("type") == BOOTSTRAP_TOKEN and named and metadata["namespace"] == "kube-system":
        return {"type": BOOTSTRAP_TOKEN}
    return None


def _describe_node(body: Object) -> dict[str, Any] | None:
    return {"providerID": str((body.get("spec") or {}).get("providerID") or "none")}


def _describe_runtime_class(body: Object) -> dict[str, Any] | None:
    return {"handler": str(body.get("handler"))}


def _describe_route(body: Object) -> dict[str, Any] | None:
    spec = body.get("spec") or {}
    gateways = (str(parent.get("name")) for parent in spec.get("parentRefs") or ())
    hosts = [str(host) for host in spec.get("hostnames") or ()]
    return {"gateways": list(gateways), **({"hosts": hosts} if hosts else {})}


def _describe_delivery(body: Object) -> dict[str, Any] | None:
    """Read the source and the identity of an object of Flux or Argo CD that applies manifests."""
    spec = body.get("spec") or {}
    template = (spec.get("template") or {}).get("spec") or {}
    chart = (spec.get("chart") or {}).get("spec") or {}
    reference = spec.get("sourceRef") or spec.get("chartRef") or chart.get("sourceRef") or {}
    named = " ".join(str(reference[part]) for part in ("kind", "name") if reference.get(part))
    urls = (
        source.get("repoURL")
        for each in (spec, template)
        for source in (each.get("source") or {}, *(each.get("sources") or ()))
    )
    found = {
        "source": named or spec.get("url") or spec.get("endpoint") or next(filter(None, urls), ""),
        "as": spec.get("serviceAccountName"),
    }
    return {name: str(value) for name, value in found.items() if value}


_KUBELETS: Mapping[str, tuple[str, ...]] = {
    "kubernetes.io/kubelet-serving": ("system:node:",),
    "kubernetes.io/kube-apiserver-client-kubelet": ("system:node:", "system:bootstrap:"),
}
"""The signers of kubelets, each with how the users begin that ask them (kubernetes.io, "Kubernetes
signers", "TLS bootstrapping"). The API server writes the user into a request, no client does."""


def _describe_signing_request(body: Object) -> dict[str, Any] | None:
    spec = body.get("spec") or {}
    signer, user = str(spec.get("signerName")), str(spec.get("username"))
    # Each node asks for its own, again and again.
    is_of_kubelet = user.startswith(_KUBELETS.get(signer) or ("\0",))
    return None if is_of_kubelet else {"signer": signer, "by": user}


def _describe_definition(body: Object) -> dict[str, Any] | None:
    spec = body.get("spec") or {}
    webhook = (spec.get("conversion") or {}).get("webhook") or {}
    hook = (
        {"conversion webhook": _client_address(webhook.get("clientConfig") or {})}
        if webhook
        else {}
    )
    return {"group": str(spec.get("group")), **hook}


def _describe_priority(body: Object) -> dict[str, Any] | None:
    # Kubernetes creates both itself; no other class may begin with `system-` or have a value
    # above one billion (kubernetes.io, "Pod Priority and Preemption").
    if body["metadata"]["name"] in ("system-cluster-critical", "system-node-critical"):
        return None
    default = {"globalDefault": True} if body.get("globalDefault") else {}
    return {"value": body.get("value"), **default}


def _default_class(body: Object, kind: str) -> dict[str, Any]:
    noted = (body.get("metadata") or {}).get("annotations") or {}
    return (
        {"default": True} if noted.get(f"{kind}.kubernetes.io/is-default-class") == "true" else {}
    )


def _describe_storage_class(body: Object) -> dict[str, Any] | None:
    return {"provisioner": str(body.get("provisioner")), **_default_class(body, "storageclass")}


def _describe_ingress_class(body: Object) -> dict[str, Any] | None:
    controller = str((body.get("spec") or {}).get("controller"))
    return {"controller": controller, **_default_class(body, "ingressclass")}


def _describe_driver(body: Object) -> dict[str, Any] | None:
    requested = (body.get("spec") or {}).get("tokenRequests") or ()
    return {"tokens for": [str(each.get("audience")) for each in requested]} if requested else {}


def _describe_ingress(body: Object) -> dict[str, Any] | None:
    """Read what an ingress puts into its proxy's configuration.

    An ingress without that is an application's own, and network policies decide who reaches it.
    """
    noted = (body.get("metadata") or {}).get("annotations") or {}
    found = [name for name in noted if _configures_proxy(str(name).rpartition("/")[2])]
    return {"annotations": sorted(found)} if found else None


_PROXY_SETTINGS = (
    "auth-url", "enable-modsecurity", "mirror-target", "modsecurity-transaction-id",
    "waf-policy-for-path",
)  # fmt: skip
"""Annotations, without their domain, that send requests to a host of the author's choice or decide
on the web application firewall (ingress-nginx; Application Gateway)."""


def _configures_proxy(name: str) -> bool:
    """Return whether a proxy's configuration takes an annotation, without its domain, as it is.

    Such are configuration-snippet, auth-snippet, server-snippets, backend-config-snippet and
    config-backend.
    """
    is_text = "snippet" in name or name.startswith("config-")
    return is_text or name in _PROXY_SETTINGS


def _describe_reference_grant(body: Object) -> dict[str, Any] | None:
    spec = body.get("spec") or {}
    return {
        "from": [f"{e.get('kind')} in {e.get('namespace')}" for e in spec.get("from") or ()],
        "to": [str(each.get("kind")) for each in spec.get("to") or ()],
    }


_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"
_GATEWAY = "gateway.networking.k8s.io"

_READERS: Mapping[tuple[str, str], Reader] = {
    (_RBAC, "RoleBinding"): _describe_binding,
    (_RBAC, "ClusterRoleBinding"): _describe_binding,
    (_RBAC, "Role"): _describe_role,
    (_RBAC, "ClusterRole"): _describe_role,
    (_ADMISSION, "ValidatingWebhookConfiguration"): _describe_webhook,
    (_ADMISSION, "MutatingWebhookConfiguration"): _describe_webhook,
    (_ADMISSION, "ValidatingAdmissionPolicyBinding"): _describe_policy_binding,
    (_ADMISSION, "MutatingAdmissionPolicyBinding"): _describe_policy_binding,
    ("apiregistration.k8s.io", "APIService"): _describe_api_service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _describe_definition,
    ("", "PersistentVolume"): _describe_volume,
    ("", "Service"): _describe_service,
    ("", "Pod"): _describe_pod,
    ("", "Node"): _describe_node,
    ("", "PodTemplate"): _describe_workload,
    ("", "ReplicationController"): _describe_workload,
    ("apps", "DaemonSet"): _describe_workload,
    ("apps", "Deployment"): _describe_workload,
    ("apps", "ReplicaSet"): _describe_workload,
    ("apps", "StatefulSet"): _describe_workload,
    ("batch", "CronJob"): _describe_workload,
    ("batch", "Job"): _describe_workload,
    ("", "Secret"): _describe_secret,
    ("certificates.k8s.io", "CertificateSigningRequest"): _describe_signing_request,
    ("scheduling.k8s.io", "PriorityClass"): _describe_priority,
    ("storage.k8s.io", "StorageClass"): _describe_storage_class,
    ("storage.k8s.io", "CSIDriver"): _describe_driver,
    ("networking.k8s.io", "IngressClass"): _describe_ingress_class,
    ("networking.k8s.io", "Ingress"): _describe_ingress,
    ("node.k8s.io", "RuntimeClass"): _describe_runtime_class,
    (_GATEWAY, "ReferenceGrant"): _describe_reference_grant,
    **{
        (_GATEWAY, f"{each}Route"): _describe_route
        for each in ("GRPC", "HTTP", "TCP", "TLS", "UDP")
    },
}

_DELIVERY_GROUPS = ("toolkit.fluxcd.io", "argoproj.io")

_ADDRESS_READERS: Mapping[tuple[str, str], Callable[[Object, Selecting], dict[str, Any] | None]] = {
    ("", "Endpoints"): describe_endpoints,
    ("discovery.k8s.io", "EndpointSlice"): describe_slice,
}


def describe_values(
    group: str, kind: str, body: Object, selecting: Selecting
) -> dict[str, Any] | None:
    """Return the report's values for an object of a kind, None where it is harmless.

    `selecting` are the services of its cluster whose endpoints a controller keeps.
    """
    reader = _READERS.get((group, kind))
    if reader is not None:
        return reader(body)
    if group.endswith(_DELIVERY_GROUPS):
        return _describe_delivery(body)
    addresses = _ADDRESS_READERS.get((group, kind))
    return {} if addresses is None else addresses(body, selecting)
