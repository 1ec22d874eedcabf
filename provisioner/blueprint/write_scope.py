"""The write scope of an environment: its own subscriptions, and nothing above or beside them.

Called by `blueprint.composition`, so that no plan has such a resource.
"""

from collections.abc import Iterable, Iterator, Mapping

from provisioner.blueprint.graph import DesiredResource
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error


def check_boundaries(
    resources: Iterable[DesiredResource], subscriptions: Mapping[str, str]
) -> None:
    """Check that all managed resources are within an environment's subscriptions.

    `subscriptions` maps alias to GUID. What stands at a management group or the tenant belongs to
    many environments: none of them could decide, once it left its blueprint, that it is its own.

    Raises:
        DiagnosticError: With each managed resource outside of them.
    """
    wrong = list(_outside_diagnostics(resources, set(subscriptions.values())))
    if wrong:
        raise DiagnosticError(*wrong)


def _outside_diagnostics(
    resources: Iterable[DesiredResource], known: set[str]
) -> Iterator[Diagnostic]:
    for resource in resources:
        subscription = resource.id.subscription
        if not resource.managed or (subscription is not None and subscription.lower() in known):
            continue
        if subscription is None:
            yield error(
                "above-subscriptions",
                f"{resource.address} is at {resource.id.scope or 'the tenant'}, above the "
                "environment's subscriptions.",
                resource.span,
                "azsec manages what is in subscriptions. State it at each of them, deploy it "
                "by other means, or only read it (`existing: true`).",
            )
        else:
            yield error(
                "outside-environment",
                f"{resource.address} is in the subscription {subscription}, which is none of "
                "the environment's.",
                resource.span,
                "Add it to the environment's `subscriptions:`, or only read the resource "
                "(`existing: true`).",
            )
