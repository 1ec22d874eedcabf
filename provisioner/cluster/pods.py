"""What of its node a pod has in its hands (kubernetes.io, "Pod Security Standards", baseline)."""

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.cluster.objects import Object

_MIRROR = "kubernetes.io/config.mirror"
_DANGEROUS = frozenset({
    "ALL", "BPF", "DAC_READ_SEARCH", "NET_ADMIN", "NET_RAW", "PERFMON", "SYS_ADMIN", "SYS_BOOT",
    "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO",
})  # fmt: skip


def describe_node_access(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what of its node the spec of a pod reaches, in words; none: nothing."""
    return tuple(dict.fromkeys((*_of_pod(spec), *_of_containers(spec))))


def is_static(body: Object) -> bool:
    """Tell whether the kubelet made a pod from a file of its node: nobody can forge that mark,
    because the API server takes it from kubelets alone (NodeRestriction)."""
    metadata = body.get("metadata") or {}
    owners = metadata.get("ownerReferences") or ()
    mirrored = _MIRROR in (metadata.get("annotations") or {})
    return mirrored and any(owner.get("kind") == "Node" for owner in owners)


def _of_pod(spec: Mapping[str, Any]) -> Iterator[str]:
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(name):
            yield name
    for volume in spec.get("volumes") or ():
        if volume.get("hostPath"):
            yield f"hostPath {volume['hostPath'].get('path')}"


def _of_containers(spec: Mapping[str, Any]) -> Iterator[str]:
    for part in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(part) or ():
            context = container.get("securityContext") or {}
            if context.get("privileged"):
                yield "privileged"
            if context.get("procMount") == "Unmasked":
                yield "procMount Unmasked"
            for added in (context.get("capabilities") or {}).get("add") or ():
                if str(added) in _DANGEROUS:
                    yield f"capability {added}"
            for port in container.get("ports") or ():
                if port.get("hostPort"):
                    yield f"hostPort {port['hostPort']}"
