"""Which pools of nodes are for pods that are not trusted, and which give pods virtual machines.

Facts: the AKS page "Pod Sandboxing" (use-pod-sandboxing).
"""

from collections.abc import Mapping

from provisioner.controls.subject import Subject
from provisioner.model.values import lookup

RUNTIME = "properties.workloadRuntime"
LABELS = "properties.nodeLabels"
TAINTS = "properties.nodeTaints"

_UNTRUSTED = "untrusted"
_ISOLATING = ("katavmisolation", "katamshvvmisolation")
"""The runtimes of pod sandboxing; the second is what the preview called it."""


def is_sandbox(pool: Subject) -> bool:
    """Tell whether the pods of a pool may have virtual machines of their own."""
    return str(pool.value(RUNTIME)).lower() in _ISOLATING


def says_untrusted(pool: Subject) -> bool:
    """Tell whether a pool says by a label or a taint, its key or its value, that what it runs is
    not to be trusted."""
    labels = pool.value(LABELS)
    names = labels if isinstance(labels, Mapping) else {}
    marks = [(str(name), str(lookup(labels, (name,)))) for name in names]
    for taint in pool.texts(TAINTS):
        name, _, value = taint.rpartition(":")[0].partition("=")
        marks.append((name, value))
    return any(_is_mark(name.rpartition("/")[2].lower(), value.lower()) for name, value in marks)


def _is_mark(name: str, value: str) -> bool:
    return _UNTRUSTED in value or (_UNTRUSTED in name and value != "false")
