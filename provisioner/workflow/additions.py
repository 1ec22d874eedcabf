"""Additions that grant access: the most that their role allows at its scope.

Called by `workflow.plan` for what exists in Azure and no blueprint declares.
"""

from provisioner.access.capabilities import worst_capability
from provisioner.access.effective import read_access
from provisioner.catalog.registry import Catalog
from provisioner.documents.additions import AdditionDocument
from provisioner.documents.plan import PlanDocument
from provisioner.model.estate import Estate


def with_capabilities(document: PlanDocument, estate: Estate, catalog: Catalog) -> PlanDocument:
    """Return a plan whose additions state what they allow in an estate, where they grant access."""
    additions = (*document.additions, *(entry.addition for entry in document.accepted))
    granted = {addition.id for addition in additions if addition.role is not None}
    if not granted:
        return document
    access = read_access(estate, catalog)
    allowed = {
        grant.assignment.id.text: worst_capability(access, grant, grant.scope)
        for grant in access.grants
        if grant.assignment.id.text in granted
    }

    def complete(addition: AdditionDocument) -> AdditionDocument:
        return addition.model_copy(update={"allows": allowed.get(addition.id)})

    return document.model_copy(
        update={
            "additions": tuple(complete(addition) for addition in document.additions),
            "accepted": tuple(
                entry.model_copy(update={"addition": complete(entry.addition)})
                for entry in document.accepted
            ),
        }
    )
