"""WRK-04: Pod Sandboxing (Kata) of untrusted pods.

Facts: guidelines.md §1.3.
"""

import re
from collections.abc import Iterator

from provisioner.controls.aks.sandboxing import (
    LABELS,
    RUNTIME,
    TAINTS,
    is_marked_untrusted,
    is_sandbox,
)
from provisioner.controls.control import NO_EQUIVALENT, Control, Layer, Mode, Severity, terms
from provisioner.controls.predicates import Predicate, equals, show
from provisioner.controls.resource_types import POOL
from provisioner.controls.rule import look, rule
from provisioner.controls.subject import Observation, Subject

_IMAGE = "properties.osSKU"
_SIZE = "properties.vmSize"
_VM_SIZE = re.compile(
    r"standard_(?P<family>[a-z]+)\d+(-\d+)?(?P<features>[a-z]*)_v(?P<version>\d+)"
)
_NESTED_SINCE = {"d": 3, "e": 3, "f": 2}
"""The generation of a family from which on its machines run others (pages of the sizes, Nested
Virtualization)."""


def _has_nested_virtualization(value: object) -> bool:
    """Return whether a machine runs virtual machines, as none of Arm's does."""
    vm_size = _VM_SIZE.fullmatch(str(value).lower())
    # A feature p stands for an Arm processor (Dpsv5).
    if vm_size is None or "p" in vm_size["features"]:
        return False
    since = _NESTED_SINCE.get(vm_size["family"])
    return since is not None and int(vm_size["version"]) >= since


_NESTED_VIRTUALIZATION = Predicate(
    _has_nested_virtualization,
    ("a VM size with nested virtualization: D or E family from v3, F family from v2"),
)


def _judge_pool(pool: Subject) -> Iterator[Observation]:
    """Judge whether a pool for untrusted pods, or for sandboxes, has what a sandbox needs."""
    runtime = pool.value(RUNTIME)
    if is_sandbox(pool):
        yield pool.passes(RUNTIME, f"{RUNTIME} is {show(runtime)}")
        # AKS offers the Kata runtime on this OS alone (guidelines.md WRK-04).
        yield look(pool, _IMAGE, equals("AzureLinux"))
        yield look(pool, _SIZE, _NESTED_VIRTUALIZATION)
    elif is_marked_untrusted(pool):
        yield look(pool, RUNTIME, equals("KataVmIsolation"))


CONTROLS = (
    Control(
        id="WRK-04",
        title="Untrusted pods run in Pod Sandboxing (workloadRuntime KataVmIsolation)",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item="Container sandboxes, gVisor, Kata containers",
        rationale=(
            "Containers on a node share its kernel; a kernel vulnerability allows a "
            "container escape. Pod Sandboxing gives each pod its own kernel in a virtual "
            "machine."
        ),
        synonyms=terms(
            "Kata; Kata containers; gVisor; sandbox; Pod Sandboxing; confidential containers; "
            "runtimeClass; hypervisor isolation"
        ),
        remediation="""
            tenants:
              type: Microsoft.ContainerService/managedClusters/agentPools
              parent: ${cluster.id}
              properties:
                workloadRuntime: KataVmIsolation
                osSKU: AzureLinux
                vmSize: Standard_D8ds_v5
        """,
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(rule(POOL, _judge_pool, RUNTIME, _IMAGE, _SIZE, LABELS, TAINTS),),
        evidence=(
            "`kubectl get pods -A -o json` shows runtimeClassName kata-vm-isolation for "
            "the pods of those node pools"
        ),
        limits=(
            "Pods without the runtime class share the kernel of their node. Untrusted pods "
            "are identified by node pool labels and taints that contain the word untrusted."
        ),
        unmapped=NO_EQUIVALENT,
    ),
)
