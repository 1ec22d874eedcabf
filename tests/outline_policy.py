"""The restricted PodSecurityPolicy of the 2018 outline, judging pods as its admission did.

An independent judge: it shares nothing with azsec. Where the policy had defaults (an unset
allowPrivilegeEscalation, capabilities to drop, groups, profiles) the admission filled them in
before it judged, so what is left out is `FILLED_IN` and never `REFUSED`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

VOLUMES = {
    "configMap", "emptyDir", "projected", "secret", "downwardAPI", "persistentVolumeClaim",
}  # fmt: skip
SAFE_SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
}  # fmt: skip
APPARMOR = "container.apparmor.security.beta.kubernetes.io/"


def refusals(pod: Mapping[str, Any]) -> list[str]:
    """Return what the policy refused in a pod, by the name of its field."""
    spec = pod["spec"]
    own = spec.get("securityContext", {})
    return [
        *_host(spec),
        *_groups(own),
        *_volumes(spec),
        *("sysctls" for sysctl in own.get("sysctls", []) if sysctl["name"] not in SAFE_SYSCTLS),
        *(
            "appArmor"
            for name, value in pod.get("metadata", {}).get("annotations", {}).items()
            if name.startswith(APPARMOR) and value != "runtime/default"
        ),
        *(said for container in containers(spec) for said in _container(container, own)),
    ]


def filled_in(pod: Mapping[str, Any]) -> list[str]:
    """Return what the policy set in a pod that it let in, by the name of its field."""
    spec = pod["spec"]
    own = spec.get("securityContext", {})
    found = [name for name in ("fsGroup", "supplementalGroups") if name not in own]
    for container in containers(spec):
        context = container.get("securityContext", {})
        if "allowPrivilegeEscalation" not in context:
            found.append("allowPrivilegeEscalation")
        if "ALL" not in context.get("capabilities", {}).get("drop", []):
            found.append("requiredDropCapabilities")
        if "runAsNonRoot" not in {**own, **context} and "runAsUser" not in {**own, **context}:
            found.append("runAsUser")
        if "seccompProfile" not in {**own, **context}:
            found.append("seccomp")
    return found


def containers(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in ("containers", "initContainers", "ephemeralContainers"):
        yield from spec.get(name, [])


def _host(spec: Mapping[str, Any]) -> Iterator[str]:
    yield from (name for name in ("hostNetwork", "hostIPC", "hostPID") if spec.get(name))
    for container in containers(spec):
        yield from ("hostPorts" for port in container.get("ports", []) if port.get("hostPort"))


def _groups(own: Mapping[str, Any]) -> Iterator[str]:
    if not 1 <= own.get("fsGroup", 1) <= 65535:
        yield "fsGroup"
    yield from (
        "supplementalGroups" for g in own.get("supplementalGroups", []) if not 1 <= g <= 65535
    )


def _volumes(spec: Mapping[str, Any]) -> Iterator[str]:
    for volume in spec.get("volumes", []):
        yield from ("volumes" for kind in volume if kind != "name" and kind not in VOLUMES)


def _container(container: Mapping[str, Any], pod: Mapping[str, Any]) -> Iterator[str]:
    own = container.get("securityContext", {})
    effective = {**pod, **own}
    if own.get("privileged"):
        yield "privileged"
    if own.get("allowPrivilegeEscalation"):
        yield "allowPrivilegeEscalation"
    if own.get("capabilities", {}).get("add"):
        yield "allowedCapabilities"
    if effective.get("runAsUser") == 0 or effective.get("runAsNonRoot") is False:
        yield "runAsUser"
    if own.get("procMount", "Default") != "Default":
        yield "procMount"
    for profile, field in (("seccompProfile", "seccomp"), ("appArmorProfile", "appArmor")):
        if effective.get(profile, {}).get("type", "RuntimeDefault") != "RuntimeDefault":
            yield field
