"""References that have to stay in one region."""

from collections.abc import Iterator

from provisioner.catalog.regions import same_region
from provisioner.model.estate import Resource
from provisioner.service_rules.partial_bodies import Tree, id_at, text_at
from provisioner.service_rules.rule import Refusal, RuleContext

OTHER_REGION = "InvalidResourceReference"
"""Azure's code for a reference to a resource in another region. Its message (recorded in
errors.jsonl for a missing one) asks that "both resources are in the same region"."""


def region_of(resource: object) -> str | None:
    """Return the region of a resource, as ARM compares it; None where it is not known."""
    if not isinstance(resource, Resource):
        return None
    return region_in(resource.body)


def region_in(body: Tree) -> str | None:
    """Return the region that a body states, as ARM compares it."""
    found = text_at(body, "location")
    return same_region(found) if found else None


def references_to_other_regions(
    body: Tree, neighbours: RuleContext, region: str | None, *paths: str
) -> Iterator[Refusal]:
    """Yield the references at these paths to resources in another region than `region`."""
    for path in paths:
        target = id_at(body, path)
        theirs = region_of(neighbours.lookup(target)) if target else None
        if region and theirs and theirs != region:
            yield Refusal(
                path,
                f"{target} is in {theirs}, and what refers to it in {region}: both have to be "
                "in one region",
            )
