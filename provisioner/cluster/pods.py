"""Pod specs, and a pod's access to its node (kubernetes.io, "Pod Security Standards", baseline).

Called by the modules that judge pods and workloads here, and by `workflow.cluster_reader`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.cluster.objects import Object

_MIRROR = "kubernetes.io/config.mirror"
_BASELINE_CAPABILITIES = frozenset({
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
    "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
})  # fmt: skip
"""The capabilities that the standard baseline lets a container add."""


_CONFINED_LABELS = frozenset(
    {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
)
_SAFE_SYSCTLS = frozenset({
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
})  # fmt: skip


def describe_node_access(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what of its node the spec of a pod reaches, in words; none: nothing."""
    return tuple(dict.fromkeys((*_pod_access(spec), *_container_access(spec))))


def pod_spec_of(body: Object) -> Mapping[str, Any]:
    """Return the spec of the pods that an object makes, {} where it has none.

    It is that of the template of a workload, of a CronJob's job, or of a PodTemplate.
    """
    found: Mapping[str, Any] = _template_of(body).get("spec") or {}
    return found


def pod_labels_of(body: Object) -> Mapping[str, str]:
    """Return the labels of the pods that an object makes, as `pod_spec_of`."""
    found: Mapping[str, str] = (_template_of(body).get("metadata") or {}).get("labels") or {}
    return found


def describe_template_access(body: Object) -> tuple[str, ...]:
    """Return what of their nodes the pods reach that an object makes, in words; none: nothing."""
    template = _template_of(body)
    unconfined = _annotation_access((template.get("metadata") or {}).get("annotations") or {})
    return tuple(dict.fromkeys((*describe_node_access(pod_spec_of(body)), *unconfined)))


def _template_of(body: Object) -> Mapping[str, Any]:
    spec = body.get("spec") or {}
    job = (spec.get("jobTemplate") or {}).get("spec") or spec
    found: Mapping[str, Any] = job.get("template") or body.get("template") or {}
    return found


_APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"


def _annotation_access(annotations: Mapping[str, Any]) -> Iterator[str]:
    # The API server turns the annotation of a template into the field of its pods (kubernetes.io,
    # "Restrict a Container's Access to Resources with AppArmor": before 1.30).
    if any(n.startswith(_APP_ARMOR) and v == "unconfined" for n, v in annotations.items()):
        yield "appArmorProfile Unconfined"


def describe_debugging(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the ephemeral containers of a running pod (kubernetes.io, "Ephemeral Containers").

    Somebody put them there: no controller makes one.
    """
    return tuple(
        f"ephemeral container {container.get('name')} ({container.get('image')})"
        for container in spec.get("ephemeralContainers") or ()
    )


def is_static(body: Object) -> bool:
    """Return whether a pod says that the kubelet made it from a file of its node.

    A drain leaves such pods where they are (kubectl, drain filters). It is no proof.
    NodeRestriction holds kubelets to such pods, and nobody else from them: whoever may create pods
    may write the mark, so an inventory reports the pod like any other.
    """
    metadata = body.get("metadata") or {}
    owners = metadata.get("ownerReferences") or ()
    mirrored = _MIRROR in (metadata.get("annotations") or {})
    return mirrored and any(owner.get("kind") == "Node" for owner in owners)


def _pod_access(spec: Mapping[str, Any]) -> Iterator[str]:
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(name):
            yield name
    for volume in spec.get("volumes") or ():
        if volume.get("hostPath"):
            yield f"hostPath {volume['hostPath'].get('path')}"
        # The kubelet runs both as root on the node (kubernetes.io, "Volumes": flexVolume is a
        # driver on the node's disk; CVE-2024-10220: gitRepo runs the hooks of a repository).
        if volume.get("flexVolume"):
            yield f"flexVolume {volume['flexVolume'].get('driver')}"
        if volume.get("gitRepo"):
            yield f"gitRepo {volume['gitRepo'].get('repository')}"
    context = spec.get("securityContext") or {}
    yield from _context_access(context)
    for sysctl in context.get("sysctls") or ():
        if str(sysctl.get("name")) not in _SAFE_SYSCTLS:
            yield f"sysctl {sysctl.get('name')}"


def _container_access(spec: Mapping[str, Any]) -> Iterator[str]:
    for part in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(part) or ():
            context = container.get("securityContext") or {}
            if context.get("privileged"):
                yield "privileged"
            yield from _context_access(context)
            if context.get("procMount") == "Unmasked":
                yield "procMount Unmasked"
            for added in (context.get("capabilities") or {}).get("add") or ():
                # Runtimes take a name in any case: containerd adds "CAP_" + strings.ToUpper(name)
                # (internal/cri/opts/spec_opts.go, WithCapabilities).
                name = str(added).upper().removeprefix("CAP_")
                if name not in _BASELINE_CAPABILITIES:
                    yield f"capability {name}"
            for port in container.get("ports") or ():
                if port.get("hostPort"):
                    yield f"hostPort {port['hostPort']}"
            for host in _probed_hosts(container):
                yield f"probe of {host}"


def _probed_hosts(container: Mapping[str, Any]) -> Iterator[str]:
    """Yield the hosts that the kubelet probes for a container in its node's network.

    The baseline of 1.34 forbids them (Host Probes / Lifecycle Hooks).
    """
    hooks = container.get("lifecycle") or {}
    probes = [container.get(name) for name in ("livenessProbe", "readinessProbe", "startupProbe")]
    for handler in (*probes, hooks.get("postStart"), hooks.get("preStop")):
        for kind in ("httpGet", "tcpSocket"):
            host = ((handler or {}).get(kind) or {}).get("host")
            if host:
                yield str(host)


def _context_access(context: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a security context, of a pod or a container, takes away from the isolation."""
    if (context.get("windowsOptions") or {}).get("hostProcess"):
        yield "hostProcess"
    options = context.get("seLinuxOptions") or {}
    label = options.get("type") or ""
    if label not in _CONFINED_LABELS:
        yield f"SELinux {label}"
    for part in ("user", "role"):
        if options.get(part):
            yield f"SELinux {part} {options[part]}"
    for part in ("seccompProfile", "appArmorProfile"):
        if (context.get(part) or {}).get("type") == "Unconfined":
            yield f"{part} Unconfined"
