"""Registration of resource providers and preview features, in every subscription touched.

Source: guidelines.md PRV-04; "Azure resource providers and types"; "Set up preview features in
Azure subscription".
"""

from collections.abc import Iterable, Iterator

from provisioner.catalog.endpoints import FEATURE, PROVIDERS
from provisioner.catalog.registrations import Registration, registrations_for
from provisioner.model.diagnostic import Diagnostic, error, warning
from provisioner.model.values import Body, lookup
from provisioner.preflight.azure_queries import AzureQuery, Replies, ask_subscription
from provisioner.preflight.check import Check
from provisioner.preflight.planned_changes import PlannedChanges, Write

_REGISTERED, _REGISTERING, _PENDING = "registered", "registering", "pending"


def _queries_for(intent: PlannedChanges) -> Iterator[AzureQuery]:
    for subscription, what in _needed_registrations(intent):
        yield _registration_query(subscription, what)


def _diagnostics_for(intent: PlannedChanges, replies: Replies) -> Iterator[Diagnostic]:
    for (subscription, what), (write, needed) in _needed_registrations(intent).items():
        reply = replies[_registration_query(subscription, what)]
        if reply.refused is not None:
            continue
        state = _state_of(needed, reply.items)
        if state.lower() != _REGISTERED:
            yield _not_registered(write, needed, state)


CHECK = Check("which providers and features are registered", _queries_for, _diagnostics_for)


def _state_of(needed: Registration, items: Iterable[Body]) -> str:
    """Return the registration state as Azure answers it, "" where the cloud does not list it."""
    if needed.is_feature:
        return next((str(lookup(item, ("properties", "state"))) for item in items), "")
    named = (i for i in items if str(i.get("namespace")).lower() == needed.what.lower())
    return next((str(item.get("registrationState")) for item in named), "")


def _needed_registrations(
    intent: PlannedChanges,
) -> dict[tuple[str, str], tuple[Write, Registration]]:
    """Return what has to be registered, by subscription and name, with the first that needs it."""
    found: dict[tuple[str, str], tuple[Write, Registration]] = {}
    for write in intent.writes:
        for needed in registrations_for(write.type, write.id, write.body):
            found.setdefault((needed.subscription.lower(), needed.what), (write, needed))
    return dict(sorted(found.items(), key=lambda entry: entry[0]))


def _registration_query(subscription: str, what: str) -> AzureQuery:
    namespace, _, feature = what.partition("/")
    if feature:
        return ask_subscription(FEATURE, subscription, namespace=namespace, feature=feature)
    # One list has all providers, so that a subscription takes one request for any number of them.
    return ask_subscription(PROVIDERS, subscription, is_list=True)


def _not_registered(write: Write, needed: Registration, state: str) -> Diagnostic:
    subscription = needed.subscription.lower()
    because = f" ({needed.path})" if needed.path else ""
    namespace, _, feature = needed.what.partition("/")
    kind = "feature" if feature else "resource provider"
    message = (
        f"{write.address}: needs the {kind} {needed.what}{because} in the subscription "
        f"{subscription}: expected Registered, found {state or 'none of this name'}."
    )
    if feature:
        command = (
            f"az feature register --namespace {namespace} --name {feature} "
            f"--subscription {subscription}"
        )
        after = f", and when that says Registered: az provider register --namespace {namespace}"
    else:
        command = f"az provider register --namespace {namespace} --subscription {subscription}"
        after = ""
    if not state:
        hint = "This cloud may not have it: leave out what needs it, or ask its operator."
        return warning("not-registered", message, write.span, hint)
    if state.lower() in (_REGISTERING, _PENDING):
        return warning("not-registered", message, write.span, "It is on its way: wait for it.")
    hint = f"Ask who owns the subscription to run: {command}{after}."
    return error("not-registered", message, write.span, hint)
