"""Features of resource providers: registered or not, in each subscription.

Source: "Set up preview features in Azure subscription" and the REST reference of Features. All
features that the catalog knows are registered to begin with, so that every environment applies; a
real subscription has to be asked for them once.
"""

from provisioner.catalog.endpoints import FEATURE
from provisioner.catalog.registrations import known_features
from provisioner.model.values import Json
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud


def list_features(cloud: Cloud, _request: Request, subscription: str) -> Answer:
    """Answer every feature of a subscription."""
    shown = [_feature(cloud, subscription, what) for what in sorted(known_features(cloud.catalog))]
    return Answer(200, {"value": shown})


def get_feature(
    cloud: Cloud, _request: Request, subscription: str, namespace: str, feature: str
) -> Answer:
    """Answer one feature."""
    return Answer(200, _feature(cloud, subscription, _known(cloud, namespace, feature)))


def register_feature(
    cloud: Cloud, _request: Request, subscription: str, namespace: str, feature: str
) -> Answer:
    """Answer POST register: registered at once, where Azure takes minutes or an approval."""
    what = _known(cloud, namespace, feature)
    cloud.store.registrations.remove(f"{subscription}/{what}".lower())
    return Answer(200, _feature(cloud, subscription, what))


def unregister_feature(
    cloud: Cloud, _request: Request, subscription: str, namespace: str, feature: str
) -> Answer:
    """Answer POST unregister."""
    what = _known(cloud, namespace, feature)
    cloud.store.registrations.put(f"{subscription}/{what}".lower(), "NotRegistered")
    return Answer(200, _feature(cloud, subscription, what))


def is_registered(cloud: Cloud, subscription: str, what: str) -> bool:
    """Return whether a feature or a resource provider is registered in a subscription."""
    return cloud.store.registrations.get(f"{subscription}/{what}".lower()) is None


def _known(cloud: Cloud, namespace: str, feature: str) -> str:
    wanted = f"{namespace}/{feature}".lower()
    for what in known_features(cloud.catalog):
        if what.lower() == wanted:
            return what
    raise RefusalError(
        404, "FeatureNotFound", f"The feature '{feature}' could not be found in '{namespace}'."
    )


def _feature(cloud: Cloud, subscription: str, what: str) -> dict[str, Json]:
    namespace, _, name = what.partition("/")
    state = "Registered" if is_registered(cloud, subscription, what) else "NotRegistered"
    return {
        "id": FEATURE.at(subscription=subscription, namespace=namespace, feature=name),
        "name": what,
        "type": FEATURE.action.removesuffix("/read"),
        "properties": {"state": state},
    }
