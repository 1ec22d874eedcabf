"""Features of resource providers, registered or not in each subscription.

Source: "Set up preview features in Azure subscription" and the REST reference of Features. At first
all features that the catalog knows are registered, so that every environment can be applied; in a
real subscription each has to be registered once.
"""

from provisioner.catalog.endpoints import FEATURE
from provisioner.catalog.registrations import known_features
from provisioner.model.values import Json
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud


def list_features(cloud: Cloud, _request: Request, subscription: str) -> Answer:
    """Answer every feature of a subscription."""
    shown = [
        _render_feature(cloud, subscription, feature_name)
        for feature_name in sorted(known_features(cloud.catalog))
    ]
    return Answer(200, {"value": shown})


def get_feature(
    cloud: Cloud, _request: Request, subscription: str, namespace: str, feature: str
) -> Answer:
    """Answer one feature."""
    return Answer(
        200, _render_feature(cloud, subscription, _canonical_feature(cloud, namespace, feature))
    )


def register_feature(
    cloud: Cloud, _request: Request, subscription: str, namespace: str, feature: str
) -> Answer:
    """Answer POST register: registered at once, where Azure takes minutes or needs an approval."""
    feature_name = _canonical_feature(cloud, namespace, feature)
    cloud.store.registrations.remove(f"{subscription}/{feature_name}".lower())
    return Answer(200, _render_feature(cloud, subscription, feature_name))


def unregister_feature(
    cloud: Cloud, _request: Request, subscription: str, namespace: str, feature: str
) -> Answer:
    """Answer POST unregister."""
    feature_name = _canonical_feature(cloud, namespace, feature)
    cloud.store.registrations.put(f"{subscription}/{feature_name}".lower(), "NotRegistered")
    return Answer(200, _render_feature(cloud, subscription, feature_name))


def is_registered(cloud: Cloud, subscription: str, feature_name: str) -> bool:
    """Return whether a feature or a resource provider is registered in a subscription."""
    return cloud.store.registrations.get(f"{subscription}/{feature_name}".lower()) is None


def _canonical_feature(cloud: Cloud, namespace: str, feature: str) -> str:
    full_name = f"{namespace}/{feature}".lower()
    for feature_name in known_features(cloud.catalog):
        if feature_name.lower() == full_name:
            return feature_name
    raise RefusalError(
        404, "FeatureNotFound", f"The feature '{feature}' could not be found in '{namespace}'."
    )


def _render_feature(cloud: Cloud, subscription: str, feature_name: str) -> dict[str, Json]:
    namespace, _, name = feature_name.partition("/")
    state = "Registered" if is_registered(cloud, subscription, feature_name) else "NotRegistered"
    return {
        "id": FEATURE.at(subscription=subscription, namespace=namespace, feature=name),
        "name": feature_name,
        "type": FEATURE.action.removesuffix("/read"),
        "properties": {"state": state},
    }
