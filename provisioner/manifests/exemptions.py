"""Time-limited exemptions of namespaces from admission policies (`kubernetes.exemptions`).

`rendering` adds them to the policies; `workflow/plan.py` reports those that expire or have expired.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

from provisioner.blueprint.kubernetes import KubernetesSettings, PolicyExemption
from provisioner.blueprint.yaml_source import Node
from provisioner.manifests.admission_policies import AdmissionPolicy, Exemption
from provisioner.manifests.namespaces import WantedNamespace
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, nearest, warning

NOTICE = timedelta(days=14)
"""How long before its expiry an exemption is reported, as with a waiver."""


def exempt(
    policies: tuple[AdmissionPolicy, ...], exemptions: Sequence[PolicyExemption]
) -> tuple[AdmissionPolicy, ...]:
    """Return the policies with the exemptions from each."""
    return tuple(
        replace(
            policy,
            exemptions=tuple(
                Exemption(entry.namespace, entry.expires)
                for entry in exemptions
                if entry.policy == policy.name
            ),
        )
        for policy in policies
    )


def check_exempted(
    settings: KubernetesSettings,
    policies: Sequence[AdmissionPolicy],
    namespaces: Sequence[WantedNamespace],
    node: Node,
) -> Iterator[Diagnostic]:
    """Yield an error for each exemption without effect.

    It names a policy or a namespace that the cluster does not have. `node` is the `kubernetes:` of
    the environment.
    """
    known = [policy.name for policy in policies]
    places = [namespace.name for namespace in namespaces]
    for number, entry in enumerate(settings.exemptions):
        here = node.find(("exemptions", number))
        for key, value, possible in (
            ("policy", entry.policy, known),
            ("namespace", entry.namespace, places),
        ):
            if value not in possible:
                yield error(
                    f"unknown-{key}",
                    f"there is no {key} {value!r} to exempt.",
                    here.find((key,)).span,
                    nearest(value, possible),
                )


def check_exemptions(
    settings: KubernetesSettings, node: Node, today: date
) -> tuple[Diagnostic, ...]:
    """Return a warning for each exemption that expires soon.

    `node` is the `kubernetes:` of the environment.

    Raises:
        DiagnosticError: Where an exemption has expired, and the cluster refuses its pods again.
    """
    expired: list[Diagnostic] = []
    expiring: list[Diagnostic] = []
    for number, entry in enumerate(settings.exemptions):
        span = node.find(("exemptions", number)).span
        called = f"the exemption of {entry.namespace} from {entry.policy}"
        if entry.expires < today:
            expired.append(
                error(
                    "exemption-expired",
                    f"{called} expired on {entry.expires} ({entry.owner}: {entry.reason}).",
                    span,
                    "Fix its pods and remove it, or renew it.",
                )
            )
        elif entry.expires - today <= NOTICE:
            expiring.append(
                warning(
                    "exemption-expires",
                    f"{called} expires on {entry.expires}.",
                    span,
                    f"Ask {entry.owner} to fix its pods.",
                )
            )
    if expired:
        raise DiagnosticError(*expired)
    return tuple(expiring)
