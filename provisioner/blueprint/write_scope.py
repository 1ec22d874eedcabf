"""What an environment may write to: its own subscriptions, and nothing above or beside them."""

from collections.abc import Iterable, Iterator, Mapping

from provisioner.blueprint.graph import DesiredResource
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error


def check_boundaries(
    resources: Iterable[DesiredResource], subscriptions: Mapping[str, str]
) -> None:
    """Raise DiagnosticError for each managed resource outside of an environment's subscriptions.

    `subscriptions` maps alias to GUID. What stands at a management group or the tenant belongs to
    many environments: none of them could tell, once it left its blueprint, that it is its own.
    """
    wrong = list(_outside(resources, set(subscriptions.values())))
    if wrong:
        raise DiagnosticError(*wrong)


def _outside(resources: Iterable[DesiredResource], known: set[str]) -> Iterator[Diagnostic]:
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
