"""The log and metric categories of diagnostic settings (`diagnosticSettingsCategories`).

Shape as recorded of a network security group, with the category groups of newer API versions
("Diagnostic Settings Category - List"); the categories are those of `catalog.log_categories`.
"""

from provisioner.catalog.log_categories import categories_of
from provisioner.catalog.service_actions import DIAGNOSTIC_CATEGORY
from provisioner.model.resource_id import SUBSCRIPTION, ResourceId, parse_resource_id
from provisioner.model.values import Json
from provisioner.simulator.actions.targets import require_resource
from provisioner.simulator.protocol.errors import InvalidResourceTypeError, RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud

_FIRST_WITH_GROUPS = "2021-05-01"
_ALL_LOGS = "allLogs"


def list_categories(cloud: Cloud, request: Request, scope: str) -> Answer:
    """Answer the categories of a resource or a subscription."""
    return Answer(200, {"value": _render_categories(cloud, request, scope)})


def get_category(cloud: Cloud, request: Request, scope: str, category: str) -> Answer:
    """Answer one category of a resource.

    Raises:
        RefusalError: the resource does not have it.
    """
    for shown in _render_categories(cloud, request, scope):
        assert isinstance(shown, dict)
        if str(shown["name"]).lower() == category.lower():
            return Answer(200, shown)
    raise RefusalError(
        404, "ResourceNotFound", f"'{scope}' has no category '{category}'.", by_provider=True
    )


def _render_categories(cloud: Cloud, request: Request, scope: str) -> list[Json]:
    scope_id = parse_resource_id(scope)
    if scope_id is None:
        raise InvalidResourceTypeError(request.path)
    target: ResourceId = scope_id
    if scope_id.type != SUBSCRIPTION:
        target = require_resource(cloud, scope_id).id
    found = categories_of(target.type)
    if found is None:
        raise RefusalError(
            400,
            "ResourceTypeNotSupported",
            f"The resource type '{target.type.lower()}' does not support diagnostic settings.",
            by_provider=True,
        )
    with_groups = request.query.get("api-version", "") >= _FIRST_WITH_GROUPS
    groups: dict[str, Json] = {"categoryGroups": [_ALL_LOGS]} if with_groups else {}
    logs: list[tuple[str, Json]] = [
        (name, {"categoryType": "Logs", **groups}) for name in found.logs
    ]
    metrics: list[tuple[str, Json]] = [
        (name, {"categoryType": "Metrics"}) for name in found.metrics
    ]
    return [
        {
            "id": f"{target.text}/providers/{DIAGNOSTIC_CATEGORY}/{name}",
            "type": DIAGNOSTIC_CATEGORY,
            "name": name,
            "properties": properties,
        }
        for name, properties in (*logs, *metrics)
    ]
