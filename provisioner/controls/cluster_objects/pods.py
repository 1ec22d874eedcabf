"""Running pods of a cluster, judged as admission would judge them today.

A pod that ran before a policy was there is still running: that is why pods are read, and not only
policies.

Its rules are collected by `rules`.
"""

from collections.abc import Iterator

from provisioner.controls.cluster_objects.view import (
    ObjectFinding,
    ObservedRule,
    View,
    conclude,
    containers_of,
    count,
    fails,
    standard_of,
    unknown,
)
from provisioner.manifests.admission import admit, evaluate
from provisioner.manifests.cluster_kinds import (
    NAMESPACE,
    NODE,
    PERSISTENT_VOLUME,
    POD,
    SERVICE,
)
from provisioner.manifests.pod_rules import KATA_RUNTIME
from provisioner.manifests.pod_security import judge_pod
from provisioner.model.cluster_contents import (
    Object,
    annotations_of,
    at,
    items,
    labels_of,
    name_of,
    namespace_of,
)


def _standards_rule(level: str, *controls: str, agents: bool = False) -> ObservedRule:
    """Return the rule that pods meet some controls of a standard, those of agents too if asked."""

    def judge(view: View) -> Iterator[ObjectFinding]:
        # Node agents (CNI, kube-bench) need what the standards forbid; which namespaces are
        # theirs is stated in the environment (MAN-04).
        judged = [p for p in view.pods if agents or namespace_of(p) not in view.agents]
        found = (
            fails(violation.message, pod, _format_path(violation.path))
            for pod in judged
            for violation in judge_pod(pod, level, view.facts.version)
            if violation.control in controls
        )
        yield from conclude(found, f"{count(len(judged), 'pod')}: none violates {controls[0]}")

    return ObservedRule(judge, (POD, NAMESPACE))


def _policies_rule(*names: str) -> ObservedRule:
    """Return the rule that pods meet some of the environment's admission policies."""

    def judge(view: View) -> Iterator[ObjectFinding]:
        yield from conclude(
            judge_by_policies(view, *names), f"{count(len(view.pods), 'pod')} meet {names[0]}"
        )

    return ObservedRule(judge, (POD, NAMESPACE))


def judge_by_policies(view: View, *names: str) -> Iterator[ObjectFinding]:
    """Yield what breaks some of the environment's policies among the running pods."""
    # The policies select namespaces by label, and Kubernetes adds kubernetes.io/metadata.name to
    # each.
    labels = {name_of(found): labels_of(found) for found in view.of(NAMESPACE)}
    policies = [policy for policy in view.policies if policy.name in names]
    for pod in view.pods:
        space = namespace_of(pod)
        named = {**labels.get(space, {}), "kubernetes.io/metadata.name": space}
        # The API server has set its defaults and mounted its tokens already.
        admitted = admit(pod, {}) if "serviceAccountName" not in pod["spec"] else pod
        for policy in policies:
            for found in evaluate(policy, admitted, named):
                # An exemption of the environment is in the rendered policy too: the API server
                # would admit the pod.
                if found.exemption is None:
                    yield fails(found.message, pod, _format_path(found.path))


def _format_path(path: tuple[str | int, ...]) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _rule_of_both(first: ObservedRule, second: ObservedRule) -> ObservedRule:
    def judge(view: View) -> Iterator[ObjectFinding]:
        yield from first.judge(view)
        yield from second.judge(view)

    needs = tuple(dict.fromkeys((*first.needs, *second.needs)))
    return ObservedRule(judge, needs, tuple(dict.fromkeys((*first.reads, *second.reads))))


def _find_host_paths(view: View) -> Iterator[ObjectFinding]:
    judged = [pod for pod in view.pods if namespace_of(pod) not in view.agents]
    for pod in judged:
        for number, volume in enumerate(items(at(pod, "spec", "volumes"))):
            if at(volume, "hostPath") is not None:
                path = f"spec.volumes[{number}].hostPath"
                yield fails(f"it mounts hostPath {at(volume, 'hostPath', 'path')}", pod, path)
    # A persistent volume reaches the file system of a node as hostPath of a pod does, past the
    # policy on pods.
    for volume in view.of(PERSISTENT_VOLUME):
        for kind in ("hostPath", "local"):
            if at(volume, "spec", kind) is not None:
                folder = at(volume, "spec", kind, "path")
                yield fails(f"it is {folder} of a node", volume, f"spec.{kind}")


def _judge_host_paths(view: View) -> Iterator[ObjectFinding]:
    pods, volumes = count(len(view.pods), "pod"), count(len(view.of(PERSISTENT_VOLUME)), "volume")
    yield from conclude(_find_host_paths(view), f"{pods} and {volumes}: no hostPath")


def _judge_requests_and_limits(view: View) -> Iterator[ObjectFinding]:
    def judge() -> Iterator[ObjectFinding]:
        for pod in view.pods:
            for path, container in containers_of(pod):
                if "ephemeralContainers" in path:
                    continue  # They cannot state any.
                for kind in ("requests", "limits"):
                    for name in ("cpu", "memory"):
                        if at(container, "resources", kind, name) is None:
                            at_path = f"{path}.resources.{kind}.{name}"
                            yield fails(f"a container has no {kind}.{name}", pod, at_path)

    yield from conclude(
        judge(), (f"all containers of {count(len(view.pods), 'pod')} have requests and limits")
    )


def _judge_secrets_in_environment(view: View) -> Iterator[ObjectFinding]:
    def judge() -> Iterator[ObjectFinding]:
        for pod in view.pods:
            for path, container in containers_of(pod):
                for number, entry in enumerate(items(container.get("env"))):
                    if at(entry, "valueFrom", "secretKeyRef") is not None:
                        where = f"{path}.env[{number}].valueFrom.secretKeyRef"
                        yield fails(
                            ("a secret is set as environment variable (secretKeyRef)"), pod, where
                        )
                # Environment variables are inherited by child processes and appear in crash
                # dumps.
                for number, entry in enumerate(items(container.get("envFrom"))):
                    if at(entry, "secretRef") is not None:
                        where = f"{path}.envFrom[{number}].secretRef"
                        yield fails(
                            ("a secret is set as environment variables (secretRef)"), pod, where
                        )

    pods = count(len(view.pods), "pod")
    yield from conclude(judge(), f"{pods}: no secret is set as environment variable")


def _judge_root_file_systems(view: View) -> Iterator[ObjectFinding]:
    def judge() -> Iterator[ObjectFinding]:
        for pod in view.pods:
            if namespace_of(pod) in view.agents:
                continue
            for path, container in containers_of(pod):
                if at(container, "securityContext", "readOnlyRootFilesystem") is not True:
                    where = f"{path}.securityContext.readOnlyRootFilesystem"
                    yield fails("a container has a writable root file system", pod, where)

    yield from conclude(
        judge(), (f"{count(len(view.pods), 'pod')}: all root file systems are read-only")
    )


def _judge_user_namespaces(view: View) -> Iterator[ObjectFinding]:
    def judge() -> Iterator[ObjectFinding]:
        for pod in view.pods:
            # In a virtual machine of its own, root of a pod is not root of the node.
            sandboxed = at(pod, "spec", "runtimeClassName") == KATA_RUNTIME
            host_users = at(pod, "spec", "hostUsers")
            if namespace_of(pod) not in view.agents and not sandboxed and host_users is not False:
                yield fails("hostUsers is not false", pod, "spec.hostUsers")

    pods = count(len(view.pods), "pod")
    yield from conclude(judge(), f"{pods}: all use a user namespace or a sandbox")


def _judge_default_account(view: View) -> Iterator[ObjectFinding]:
    def judge() -> Iterator[ObjectFinding]:
        for pod in view.pods:
            if (at(pod, "spec", "serviceAccountName") or "default") == "default":
                yield fails("serviceAccountName is default", pod, "spec.serviceAccountName")

    yield from conclude(
        judge(), (f"{count(len(view.pods), 'pod')}: each has a dedicated service account")
    )


def _judge_default_namespace(view: View) -> Iterator[ObjectFinding]:
    def judge() -> Iterator[ObjectFinding]:
        for kind in (POD, SERVICE):
            for found in view.contents.in_namespace(kind, "default"):
                # The API server makes that service in every cluster, and makes it again.
                if (kind, name_of(found)) != (SERVICE, "kubernetes"):
                    yield fails("it is in the default namespace", found, "metadata.namespace")

    yield from conclude(judge(), "the default namespace contains only the service kubernetes")


def _judge_sandboxes(view: View) -> Iterator[ObjectFinding]:
    """Judge whether untrusted pods run in a sandbox.

    They are those of isolated namespaces, and those that select a pool for them, which labels and
    taints call untrusted.
    """
    isolated = {found.name for found in view.namespaces if found.settings.isolated}

    def judge() -> Iterator[ObjectFinding]:
        for pod in view.pods:
            if namespace_of(pod) in isolated or _selects_untrusted_nodes(pod):
                runtime = at(pod, "spec", "runtimeClassName")
                if runtime != KATA_RUNTIME:
                    evidence = f"it is untrusted, and runtimeClassName is {runtime or 'not set'}"
                    yield fails(evidence, pod, "spec.runtimeClassName")

    pods = count(len(view.pods), "pod")
    yield from conclude(judge(), f"{pods}: untrusted pods run in a sandbox")


def _selects_untrusted_nodes(pod: Object) -> bool:
    selected = (at(pod, "spec", "nodeSelector") or {}).values()
    tolerated = (at(entry, "value") for entry in items(at(pod, "spec", "tolerations")))
    # A node can be asked for by its affinity as well as by a selector: one is as good as the other.
    node = at(pod, "spec", "affinity", "nodeAffinity")
    required = at(node, "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
    preferred = items(at(node, "preferredDuringSchedulingIgnoredDuringExecution"))
    terms = (*items(required), *(at(each, "preference") for each in preferred))
    required_values = (
        value
        for term in terms
        for each in items(at(term, "matchExpressions"))
        if at(each, "operator") == "In"
        for value in items(at(each, "values"))
    )
    return "untrusted" in (*selected, *tolerated, *required_values)


_SELECTOR = "scheduler.alpha.kubernetes.io/node-selector"
_AKS_TAINTS = ("CriticalAddonsOnly", "node.kubernetes.io/", "kubernetes.azure.com/")


def _judge_tenant_nodes(view: View) -> Iterator[ObjectFinding]:
    """Judge whether a tenant's nodes, kept by a taint, run pods of that tenant's namespaces alone.

    A namespace's annotation leads its pods there (PodNodeSelector): a toleration is the pod's own
    word.
    """
    tenant_nodes = {
        name_of(node): labels_of(node)
        for node in view.of(NODE)
        if any(
            at(taint, "effect") in ("NoSchedule", "NoExecute")
            # Taints of Kubernetes and AKS describe the state of a node, not whose it is.
            and not str(at(taint, "key")).startswith(_AKS_TAINTS)
            for taint in items(at(node, "spec", "taints"))
        )
    }
    selectors = {name_of(n): annotations_of(n).get(_SELECTOR, "") for n in view.of(NAMESPACE)}

    def judge() -> Iterator[ObjectFinding]:
        for pod in view.pods if tenant_nodes else ():
            if at(pod, "spec", "nodeName") is None:
                # An observation does not say where pods run.
                yield unknown("its node was not read", pod, "spec.nodeName")
                continue
            labels = tenant_nodes.get(str(at(pod, "spec", "nodeName")))
            if labels is None:
                continue
            selector = selectors.get(namespace_of(pod), "")
            pairs = [part.partition("=") for part in selector.split(",") if part]
            if not pairs or any(
                labels.get(key.strip()) != value.strip() for key, _, value in pairs
            ):
                evidence = (
                    f"it runs on a tenant's node, and namespace {namespace_of(pod)} does not "
                    "belong to that tenant"
                )
                yield fails(evidence, pod, "spec.nodeName")

    yield from conclude(
        judge(), f"{count(len(tenant_nodes), 'node')} of tenants: no pods of others"
    )


def _judge_hashicorp_vault(view: View) -> Iterator[ObjectFinding]:
    """Judge whether no pod runs HashiCorp Vault or its agent."""

    def judge() -> Iterator[ObjectFinding]:
        for pod in view.pods:
            images = [str(container.get("image")) for _, container in containers_of(pod)]
            names = [
                image.partition("@")[0].rpartition("/")[2].partition(":")[0] for image in images
            ]
            # The agent injector of Vault is asked for by annotations and adds its container at
            # admission.
            injected = any("vault.hashicorp.com/" in key for key in annotations_of(pod))
            if injected or any(name in ("vault", "vault-k8s", "vault-agent") for name in names):
                yield fails("it uses HashiCorp Vault, whose configuration is not visible", pod)

    yield from conclude(judge(), f"{count(len(view.pods), 'pod')}: none uses HashiCorp Vault")


def _judge_restricted(view: View) -> Iterator[ObjectFinding]:
    """Judge whether namespaces and running pods meet the restricted standard.

    Namespaces that are not for agents enforce it, its rest is enforced by the environment's
    policies, and no pod that runs breaks one of them.
    """
    for namespace in view.teams:
        level = standard_of(namespace)
        if level != "restricted" and name_of(namespace) not in view.agents:
            yield fails(f"it enforces the {level} standard", namespace, "metadata.labels")
    for pod in view.pods:
        if namespace_of(pod) not in view.agents:
            for violation in judge_pod(pod, "restricted", view.facts.version):
                yield fails(violation.message, pod, _format_path(violation.path))
    yield from judge_by_policies(view, *RESTRICTED_POLICIES)


RESTRICTED_POLICIES = (
    "azsec-groups",
    "azsec-capabilities",
    "azsec-non-root",
    "azsec-profiles",
    "azsec-volumes",
)
"""The policies for what the outline's restricted policy asks for, and the standard does not."""

judge_restricted = _judge_restricted

RULES = {
    "WRK-02.4": _standards_rule("baseline", "Privileged Containers", "HostProcess"),
    "WRK-02.5": _rule_of_both(
        _standards_rule(
            "restricted", "Running as Non-root", "Running as Non-root user", "Privilege Escalation"
        ),
        _policies_rule("azsec-groups", "azsec-non-root"),
    ),
    "WRK-02.6": _standards_rule("baseline", "Host Namespaces", "Host Ports"),
    "WRK-02.7": ObservedRule(_judge_host_paths, (POD, PERSISTENT_VOLUME)),
    "CLU-06.7": _rule_of_both(
        _standards_rule("restricted", "Seccomp", "AppArmor", "Capabilities"),
        _policies_rule("azsec-profiles", "azsec-capabilities"),
    ),
    "CLU-06.8": ObservedRule(_judge_user_namespaces, (POD,)),
    "CFG-01": ObservedRule(_judge_requests_and_limits, (POD,)),
    "CFG-02": ObservedRule(_judge_root_file_systems, (POD,)),
    "CFG-04": ObservedRule(_judge_default_namespace, (POD, SERVICE)),
    "CFG-05": ObservedRule(_judge_secrets_in_environment, (POD,)),
    "CFG-06": _standards_rule("baseline", "Sysctls", "/proc Mount Type", "SELinux", agents=True),
    "SA-02": ObservedRule(_judge_default_account, (POD,)),
    "WRK-04": ObservedRule(_judge_sandboxes, (POD,)),
    # The outline asks for Vault only where it is used instead of Key Vault, and its configuration
    # is outside the Kubernetes API.
    "WRK-05.6": ObservedRule(_judge_hashicorp_vault, (POD,)),
    "WRK-07": _policies_rule("azsec-pinned-images", "azsec-pull-always"),
    "ENV-01.3": ObservedRule(_judge_tenant_nodes, (POD, NODE, NAMESPACE)),
}
"""The rules by the id of their control."""
