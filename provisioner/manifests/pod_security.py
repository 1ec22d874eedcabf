"""The Pod Security Standards: evaluates a pod as the PodSecurity admission controller does.

Source: the pages "Pod Security Standards" and, for sysctls by version, "Using sysctls in a
Kubernetes Cluster" of the Kubernetes documentation; for user namespaces and image volumes the
checks of k8s.io/pod-security-admission 0.34 to 0.36. Fields that a pod leaves out have the API
server's defaults. A value of another type than the field has is never allowed.

`pod_evaluation` and the pod controls call it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.manifests.manifest import Object

Path = tuple[str | int, ...]
Version = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Violation:
    """A field of a pod that a standard does not allow.

    `path` is the path of the field in the pod; `control` is the control's name on the page of the
    Pod Security Standards.
    """

    path: Path
    control: str
    message: str


@dataclass(frozen=True, slots=True)
class _Pod:
    """A pod being judged by the standards of a version."""

    body: Object
    version: Version

    @property
    def is_windows(self) -> bool:
        return bool(_lookup(self.body, "spec", "os", "name") == "windows")

    @property
    def is_in_user_namespace(self) -> bool:
        """Whether it has its own user namespace, and the version's standards consider that."""
        hosts = _lookup(self.body, "spec", "hostUsers")
        return hosts is False and self.version >= (1, 35)

    def containers(self, *lists: str) -> Iterator[tuple[Path, Object]]:
        """Yield the containers with their paths, of these lists or of all."""
        for name in lists or ("initContainers", "containers", "ephemeralContainers"):
            for number, container in enumerate(_as_list(_lookup(self.body, "spec", name))):
                yield ("spec", name, number), container

    def contexts(self) -> Iterator[tuple[Path, Object]]:
        """Yield the parents of security contexts: the pod's spec and the containers."""
        yield ("spec",), _lookup(self.body, "spec") or {}
        yield from self.containers()

    def fields(self, *names: str) -> Iterator[tuple[Path, Any]]:
        """Yield a field of every security context of the pod, with its path; None if not set."""
        for path, part in self.contexts():
            yield (*path, "securityContext", *names), _lookup(part, "securityContext", *names)


def judge_pod(pod: Object, level: str, version: Version) -> tuple[Violation, ...]:
    """Return the violations of a level by a pod: `restricted`, `baseline` or `privileged`.

    `pod` has `metadata` and `spec`; `version` is the minor version of the standards.
    """
    if level == "privileged":
        return ()
    judged = _Pod(pod, version)
    checks = _BASELINE if level == "baseline" else _RESTRICTED
    found = (violation for check in checks for violation in check(judged))
    return tuple(dict.fromkeys(found))


def _lookup(value: Any, *path: str) -> Any:  # noqa: ANN401
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401
    return list(value) if isinstance(value, (list, tuple)) else []


def _is_false_or_unset(value: object) -> bool:
    return value is None or value is False


def _check_host_process(pod: _Pod) -> Iterator[Violation]:
    for path, value in pod.fields("windowsOptions", "hostProcess"):
        if not _is_false_or_unset(value):
            yield Violation(path, "HostProcess", "a HostProcess pod is the node's own process")


def _check_host_namespaces(pod: _Pod) -> Iterator[Violation]:
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if not _is_false_or_unset(_lookup(pod.body, "spec", name)):
            yield Violation(("spec", name), "Host Namespaces", f"{name} is not allowed")


def _check_privileged(pod: _Pod) -> Iterator[Violation]:
    for path, container in pod.containers():
        if not _is_false_or_unset(_lookup(container, "securityContext", "privileged")):
            at = (*path, "securityContext", "privileged")
            yield Violation(at, "Privileged Containers", "privileged is not allowed")


_BASELINE_CAPABILITIES = frozenset(
    {
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
        "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    }
)  # fmt: skip


def _check_added_capabilities(pod: _Pod, allowed: frozenset[str]) -> Iterator[Violation]:
    for path, container in pod.containers():
        added = _as_list(_lookup(container, "securityContext", "capabilities", "add"))
        for number, capability in enumerate(added):
            if str(capability) not in allowed:
                at = (*path, "securityContext", "capabilities", "add", number)
                yield Violation(at, "Capabilities", f"the capability {capability} is not allowed")


def _check_baseline_capabilities(pod: _Pod) -> Iterator[Violation]:
    yield from _check_added_capabilities(pod, _BASELINE_CAPABILITIES)


def _check_host_path(pod: _Pod) -> Iterator[Violation]:
    for number, volume in enumerate(_as_list(_lookup(pod.body, "spec", "volumes"))):
        if _lookup(volume, "hostPath") is not None:
            at = ("spec", "volumes", number, "hostPath")
            yield Violation(at, "HostPath Volumes", "hostPath is not allowed")


def _check_host_ports(pod: _Pod) -> Iterator[Violation]:
    for path, container in pod.containers():
        for number, port in enumerate(_as_list(_lookup(container, "ports"))):
            value = _lookup(port, "hostPort")
            # False equals 0 in Python: `hostPort: false` is no port, and the API server refuses it.
            if value is not None and (value != 0 or value is False):
                at = (*path, "ports", number, "hostPort")
                yield Violation(at, "Host Ports", "hostPort is not allowed")


def _check_probe_hosts(pod: _Pod) -> Iterator[Violation]:
    if pod.version < (1, 34):
        return
    handlers = [(probe,) for probe in ("livenessProbe", "readinessProbe", "startupProbe")]
    hooks = [("lifecycle", hook) for hook in ("postStart", "preStop")]
    for path, container in pod.containers("initContainers", "containers"):
        for handler in (*handlers, *hooks):
            for kind in ("httpGet", "tcpSocket"):
                if _lookup(container, *handler, kind, "host") not in (None, ""):
                    at = (*path, *handler, kind, "host")
                    yield Violation(
                        at,
                        "Host Probes / Lifecycle Hooks",
                        "a host other than the pod is not allowed",
                    )


_APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"


def _check_apparmor(pod: _Pod) -> Iterator[Violation]:
    for path, value in pod.fields("appArmorProfile", "type"):
        if value not in (None, "RuntimeDefault", "Localhost"):
            yield Violation(path, "AppArmor", f"the profile {value} is not allowed")
    annotations = _lookup(pod.body, "metadata", "annotations")
    for name, value in annotations.items() if isinstance(annotations, Mapping) else ():
        allowed = value in (None, "", "runtime/default") or str(value).startswith("localhost/")
        if name.startswith(_APPARMOR_ANNOTATION) and not allowed:
            at = ("metadata", "annotations", name)
            yield Violation(at, "AppArmor", f"the profile {value} is not allowed")


def _check_selinux(pod: _Pod) -> Iterator[Violation]:
    types = [None, "", "container_t", "container_init_t", "container_kvm_t"]
    if pod.version >= (1, 31):
        types.append("container_engine_t")
    for path, value in pod.fields("seLinuxOptions"):
        if _lookup(value, "type") not in types:
            yield Violation((*path, "type"), "SELinux", "this type of SELinux is not allowed")
        for name in ("user", "role"):
            if _lookup(value, name) not in (None, ""):
                yield Violation((*path, name), "SELinux", f"a {name} of SELinux is not allowed")


def _check_baseline_proc_mount(pod: _Pod) -> Iterator[Violation]:
    return iter(()) if pod.is_in_user_namespace else _check_proc_mount(pod)


def _check_proc_mount(pod: _Pod) -> Iterator[Violation]:
    for path, container in pod.containers():
        if _lookup(container, "securityContext", "procMount") not in (None, "Default"):
            at = (*path, "securityContext", "procMount")
            yield Violation(at, "/proc Mount Type", "procMount is Default or left out")


def _check_baseline_seccomp(pod: _Pod) -> Iterator[Violation]:
    for path, value in pod.fields("seccompProfile", "type"):
        if value not in (None, "RuntimeDefault", "Localhost"):
            yield Violation(path, "Seccomp", f"the profile {value} is not allowed")


_SAFE_SYSCTLS: Mapping[str, Version] = {
    "kernel.shm_rmid_forced": (1, 0),
    "net.ipv4.ip_local_port_range": (1, 0),
    "net.ipv4.ip_unprivileged_port_start": (1, 0),
    "net.ipv4.ping_group_range": (1, 0),
    "net.ipv4.tcp_syncookies": (1, 0),
    "net.ipv4.ip_local_reserved_ports": (1, 27),
    "net.ipv4.tcp_fin_timeout": (1, 29),
    "net.ipv4.tcp_keepalive_intvl": (1, 29),
    "net.ipv4.tcp_keepalive_probes": (1, 29),
    "net.ipv4.tcp_keepalive_time": (1, 29),
    "net.ipv4.tcp_rmem": (1, 32),
    "net.ipv4.tcp_wmem": (1, 32),
    "net.ipv4.tcp_notsent_lowat": (1, 37),
    "net.ipv4.tcp_slow_start_after_idle": (1, 37),
}
"""The safe sysctls, with the version since which they are."""


def _check_sysctls(pod: _Pod) -> Iterator[Violation]:
    for number, sysctl in enumerate(
        _as_list(_lookup(pod.body, "spec", "securityContext", "sysctls"))
    ):
        name = _lookup(sysctl, "name")
        since = _SAFE_SYSCTLS.get(name) if isinstance(name, str) else None
        if since is None or pod.version < since:
            at = ("spec", "securityContext", "sysctls", number, "name")
            yield Violation(at, "Sysctls", f"the sysctl {name} is not allowed")


_VOLUME_TYPES = frozenset(
    {
        "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image",
        "persistentVolumeClaim", "projected", "secret",
    }
)  # fmt: skip


def _check_volume_types(pod: _Pod) -> Iterator[Violation]:
    for number, volume in enumerate(_as_list(_lookup(pod.body, "spec", "volumes"))):
        stated = (
            {n for n, v in volume.items() if v is not None}
            if isinstance(volume, Mapping)
            else set()
        )
        kinds = stated - {"name"}
        for kind in sorted(kinds - _VOLUME_TYPES):
            at = ("spec", "volumes", number, kind)
            yield Violation(at, "Volume Types", f"a volume of type {kind} is not allowed")


def _check_privilege_escalation(pod: _Pod) -> Iterator[Violation]:
    # The restricted standard exempts pods with `spec.os.name: windows` from 1.25 on ("Pod Security
    # Standards").
    for path, container in () if pod.is_windows else pod.containers():
        if _lookup(container, "securityContext", "allowPrivilegeEscalation") is not False:
            at = (*path, "securityContext", "allowPrivilegeEscalation")
            yield Violation(at, "Privilege Escalation", "allowPrivilegeEscalation has to be false")


def _check_non_root(pod: _Pod) -> Iterator[Violation]:
    if pod.is_in_user_namespace:
        return
    of_pod = _lookup(pod.body, "spec", "securityContext", "runAsNonRoot")
    if of_pod not in (None, True):
        at: Path = ("spec", "securityContext", "runAsNonRoot")
        yield Violation(at, "Running as Non-root", "runAsNonRoot has to be true")
    for path, container in pod.containers():
        own = _lookup(container, "securityContext", "runAsNonRoot")
        # A container inherits the pod's security context, and may overrule it.
        if (of_pod if own is None else own) is not True:
            at = (*path, "securityContext", "runAsNonRoot")
            yield Violation(at, "Running as Non-root", "runAsNonRoot has to be true")


def _check_root_user(pod: _Pod) -> Iterator[Violation]:
    if pod.is_in_user_namespace:
        return
    for path, value in pod.fields("runAsUser"):
        if value is not None and (not isinstance(value, int) or value == 0):
            yield Violation(path, "Running as Non-root user", "runAsUser must not be 0")


def _check_restricted_seccomp(pod: _Pod) -> Iterator[Violation]:
    if pod.is_windows:
        return
    allowed = ("RuntimeDefault", "Localhost")
    of_pod = _lookup(pod.body, "spec", "securityContext", "seccompProfile", "type")
    if of_pod is not None and of_pod not in allowed:
        at: Path = ("spec", "securityContext", "seccompProfile", "type")
        yield Violation(at, "Seccomp", f"the profile {of_pod} is not allowed")
    for path, container in pod.containers():
        own = _lookup(container, "securityContext", "seccompProfile", "type")
        at = (*path, "securityContext", "seccompProfile", "type")
        if own is not None and own not in allowed:
            yield Violation(at, "Seccomp", f"the profile {own} is not allowed")
        elif own is None and of_pod is None:
            yield Violation(at, "Seccomp", "seccompProfile has to be set, as RuntimeDefault")


def _check_restricted_capabilities(pod: _Pod) -> Iterator[Violation]:
    if pod.is_windows:
        return
    for path, container in pod.containers():
        if "ALL" not in _as_list(_lookup(container, "securityContext", "capabilities", "drop")):
            at = (*path, "securityContext", "capabilities", "drop")
            yield Violation(at, "Capabilities", "ALL capabilities have to be dropped")
    yield from _check_added_capabilities(pod, frozenset({"NET_BIND_SERVICE"}))


_Check = Callable[[_Pod], Iterator[Violation]]

_BASELINE_AND_RESTRICTED: tuple[_Check, ...] = (
    _check_host_process,
    _check_host_namespaces,
    _check_privileged,
    _check_host_ports,
    _check_probe_hosts,
    _check_apparmor,
    _check_selinux,
    _check_sysctls,
)

_BASELINE: tuple[_Check, ...] = (
    *_BASELINE_AND_RESTRICTED,
    _check_baseline_capabilities,
    _check_baseline_proc_mount,
    _check_host_path,
    _check_baseline_seccomp,
)

_RESTRICTED: tuple[_Check, ...] = (
    *_BASELINE_AND_RESTRICTED,
    _check_proc_mount,
    _check_volume_types,
    _check_privilege_escalation,
    _check_non_root,
    _check_root_user,
    _check_restricted_seccomp,
    _check_restricted_capabilities,
)
"""The checks of the restricted standard. Four checks of the baseline standard are not among them,
because it has a stricter one in the place of each: for volumes, proc, seccomp and capabilities."""
