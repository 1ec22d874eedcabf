"""Node pools for untrusted pods, and node pools with Pod Sandboxing.

Facts: the AKS page "Pod Sandboxing" (use-pod-sandboxing).

Called by controls of the chapters.
"""

from collections.abc import Mapping

from provisioner.controls.subject import Subject
from provisioner.model.values import lookup

RUNTIME = "properties.workloadRuntime"
LABELS = "properties.nodeLabels"
TAINTS = "properties.nodeTaints"

_UNTRUSTED = "untrusted"
_SANDBOX_RUNTIMES = ("katavmisolation", "katamshvvmisolation")
"""The runtimes of pod sandboxing; the second is what the preview called it."""


def is_sandbox(pool: Subject) -> bool:
    """Return whether the pods of a pool may have virtual machines of their own."""
    return str(pool.value(RUNTIME)).lower() in _SANDBOX_RUNTIMES


def is_marked_untrusted(pool: Subject) -> bool:
    """Return whether a pool's labels or taints mark its pods as untrusted, by key or value."""
    labels = pool.value(LABELS)
    names = labels if isinstance(labels, Mapping) else {}
    marks = [(str(name), str(lookup(labels, (name,)))) for name in names]
    for taint in pool.texts(TAINTS):
        name, _, value = taint.rpartition(":")[0].partition("=")
        marks.append((name, value))
    return any(
        _marks_untrusted(name.rpartition("/")[2].lower(), value.lower()) for name, value in marks
    )


def _marks_untrusted(name: str, value: str) -> bool:
    # `untrusted: "false"` is a label that says the contrary.
    return _UNTRUSTED in value or (_UNTRUSTED in name and value != "false")
