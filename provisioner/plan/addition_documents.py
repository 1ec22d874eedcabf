"""Additions as the documents that show them."""

from collections.abc import Iterable

from provisioner.catalog.registry import Catalog
from provisioner.documents.additions import AcceptedDocument, AdditionDocument
from provisioner.model.actual import ActualState
from provisioner.model.secret_values import holds_secret, mask_secrets
from provisioner.model.values import ABSENT, is_empty, values_at
from provisioner.plan.acceptances import Accepted, Roles, role_given
from provisioner.plan.additions import Addition
from provisioner.plan.text import disclose, named_by


def addition_documents(
    additions: Iterable[Addition], state: ActualState, catalog: Catalog
) -> tuple[AdditionDocument, ...]:
    """Return the documents of additions; the state knows the names of custom roles."""
    roles = Roles.of(state)
    return tuple(_document(addition, roles, catalog) for addition in additions)


def accepted_documents(
    accepted: Iterable[Accepted], state: ActualState, catalog: Catalog
) -> tuple[AcceptedDocument, ...]:
    """Return the documents of additions that the environment accepts."""
    roles = Roles.of(state)
    return tuple(
        AcceptedDocument(
            addition=_document(each.addition, roles, catalog),
            reason=mask_secrets(each.acceptance.reason),
            owner=each.acceptance.owner,
            expires=each.acceptance.expires.isoformat(),
            place=str(each.acceptance.span),
        )
        for each in accepted
    )


def _document(addition: Addition, roles: Roles, catalog: Catalog) -> AdditionDocument:
    """Return the document of an addition, with secrets masked."""
    known = catalog.of(addition.id)
    role = role_given(addition)
    shown = known.adds_by if known is not None else ()
    return AdditionDocument(
        id=addition.id.text,
        type=known.name if known is not None else addition.id.type,
        on=addition.on.text if addition.on is not None else "/",
        address=addition.address,
        resource_group=addition.id.resource_group,
        adds=addition.adds,
        role=roles.name_of(role) if role is not None else None,
        values={
            path.removeprefix("properties.").replace("[].properties", "[]"): disclose(
                value, sensitive=holds_secret(value, named_by(path))
            )
            for path in shown
            if not is_empty(value := _value_at(addition.body, path))
        },
    )


def _value_at(body: object, path: str) -> object:
    found = list(values_at(body, path))
    return found if "[]" in path else next(iter(found), ABSENT)
