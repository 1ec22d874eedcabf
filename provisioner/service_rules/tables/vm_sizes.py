"""VM sizes and availability zones of AKS nodes."""

import re
from collections.abc import Iterator

from provisioner.catalog.node_pools import POOL
from provisioner.catalog.vm_sizes import SIZES, zones_of
from provisioner.model.estate import Resource
from provisioner.service_rules.partial_bodies import is_stated, text_at
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

# "Azure virtual machine sizes naming conventions": family, subfamilies, vCPUs (and constrained
# ones), features, accelerator, version. Azure has hundreds of sizes, of which the catalog has some:
# a name that follows the convention, in an existing family and version, passes.
_SIZE = re.compile(
    r"(standard|basic)_(?P<family>a|b|d|dc|e|eb|ec|f|fx|g|gs|h|hb|hc|hx|l|m|nc|nd|ng|nm|np|nv)s?"
    r"\d{1,4}(-\d{1,3})?[a-z]{0,6}(_(?!v\d{1,2}$)[a-z0-9]{2,8})*(_v[1-7])?",
    re.IGNORECASE,
)


def _judge_size(write: Write) -> Iterator[Refusal]:
    size = text_at(write.after, "properties.vmSize")
    if size is not None and size.lower() not in SIZES and not _SIZE.fullmatch(size):
        yield Refusal(
            "properties.vmSize", f"the size {size} is not available in the subscription and region"
        )


def _judge_zones(write: Write) -> Iterator[Refusal]:
    cluster = write.parent
    region = text_at(cluster.body, "location") if isinstance(cluster, Resource) else None
    zones = "properties.availabilityZones"
    if region is None or not is_stated(write.after, zones):
        return
    if not zones_of(region.replace(" ", "").lower()):
        yield Refusal(zones, f"the region {region} has no availability zones")


RULES = (
    ServiceRule(
        id="pool-size",
        type=POOL,
        code="BadRequest",
        source="dotnet/core#8000, hashicorp-education/learn-terraform-provision-aks-cluster#15",
        judge=_judge_size,
        by_list=True,
    ),
    ServiceRule(
        id="pool-zones-of-region",
        type=POOL,
        code="AvailabilityZoneNotSupported",
        source="AKS error codes; Azure regions list",
        judge=_judge_zones,
        by_list=True,
    ),
)
