"""Azure regions that a write names.

Source: errors.md of Azure Resource Manager ("Common deployment errors":
LocationNotAvailableForResourceType, LocationNotAvailableForResourceGroup).
"""

from collections.abc import Iterator

from provisioner.catalog.regions import GLOBAL, REGIONS, same_region
from provisioner.model.resource_id import RESOURCE_GROUP
from provisioner.service_rules.partial_bodies import text_at
from provisioner.service_rules.rule import ANY_TYPE, Refusal, ServiceRule, Write

_ERRORS = (
    "learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors"
)


def _judge(write: Write, *, groups: bool) -> Iterator[Refusal]:
    location = text_at(write.after, "location")
    if location is None or (write.id.type == RESOURCE_GROUP) is not groups:
        return
    name = same_region(location)
    if name not in REGIONS and (groups or name != GLOBAL):
        yield Refusal("location", f"the location {location!r} is not a region of Azure")


def _judge_group(write: Write) -> Iterator[Refusal]:
    yield from _judge(write, groups=True)


def _judge_resource(write: Write) -> Iterator[Refusal]:
    yield from _judge(write, groups=False)


RULES = (
    ServiceRule(
        id="group-in-no-region",
        type=ANY_TYPE,
        code="LocationNotAvailableForResourceGroup",
        source=_ERRORS,
        judge=_judge_group,
        by_arm=True,
        by_list=True,
    ),
    ServiceRule(
        id="resource-in-no-region",
        type=ANY_TYPE,
        code="LocationNotAvailableForResourceType",
        source=_ERRORS,
        judge=_judge_resource,
        by_arm=True,
        by_list=True,
    ),
)
