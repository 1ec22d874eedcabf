"""Pod Security Standard that the labels of a namespace enforce.

Source: the pages "Pod Security Admission" and "Pod Security Standards" of the Kubernetes
documentation.

Called by `aks.namespace_rules` and controls of the chapters.
"""

import re

from provisioner.controls.predicates import show
from provisioner.controls.subject import Observation, Subject
from provisioner.controls.verdict import Verdict
from provisioner.model.values import Unknown, is_empty

STANDARD = "properties.labels[pod-security.kubernetes.io/enforce]"
STANDARD_VERSION = "properties.labels[pod-security.kubernetes.io/enforce-version]"

COMPLETE_SINCE = 25
"""The minor version of Kubernetes as of which the restricted standard asks for all that it does
today: escalation since 1.8, seccomp since 1.19, capabilities since 1.22, the user since 1.23, and
Windows pods apart since 1.25. What came later, hosts of probes in 1.34, is of the baseline one."""

_PINNED = re.compile(r"v1\.(\d{1,3})", re.ASCII)


def judge_standard(namespace: Subject) -> Observation:
    """Return whether a namespace enforces the whole restricted standard.

    It does not in a version of the standard that requires less than all. The rule has to read
    STANDARD and STANDARD_VERSION.
    """
    level, version = namespace.value(STANDARD), namespace.value(STANDARD_VERSION)
    evidence = f"labels[pod-security.kubernetes.io/enforce] is {show(level)}"
    if isinstance(level, Unknown):
        return namespace.unknown(STANDARD, f"pod-security.kubernetes.io/enforce is {level}")
    if level != "restricted":
        return namespace.fails(STANDARD, f"{evidence}, expected restricted")
    if isinstance(version, Unknown):
        return namespace.unknown(STANDARD_VERSION, f"enforce-version is {version}")
    # A namespace can be pinned to the standard of an older version, which asks for less; no label
    # means latest ("Pod Security Admission").
    if not is_empty(version) and not _is_complete(version):
        evidence = f"it enforces the restricted standard of version {show(version)}"
        expected = f"latest, or v1.{COMPLETE_SINCE} and later"
        return namespace.fails(STANDARD_VERSION, f"{evidence}, expected {expected}")
    return namespace.passes(STANDARD, evidence)


def is_restricted(namespace: Subject) -> bool:
    """Return whether a namespace enforces all of the restricted standard, as `judge_standard`."""
    return judge_standard(namespace).verdict is Verdict.PASS


def _is_complete(version: object) -> bool:
    match = _PINNED.fullmatch(str(version))
    return version == "latest" or (match is not None and int(match[1]) >= COMPLETE_SINCE)
