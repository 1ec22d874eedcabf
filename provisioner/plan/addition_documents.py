"""Documents of additions, as `assembly` puts them into plans and reports show them."""

from collections.abc import Iterable, Mapping, Sequence

from provisioner.catalog.held_identities import principal_of
from provisioner.catalog.registry import Catalog
from provisioner.documents.additions import AcceptedDocument, AdditionDocument
from provisioner.documents.plan import Action
from provisioner.model.actual import ActualState, Found
from provisioner.model.guid import is_guid
from provisioner.model.secret_values import holds_secret, mask_secrets
from provisioner.model.values import ABSENT, is_empty, values_at
from provisioner.plan.accepted_additions import Accepted, Roles, role_given
from provisioner.plan.additions import Addition
from provisioner.plan.changes import ResourceChange
from provisioner.plan.value_text import disclose, named_by


def addition_documents(
    additions: Iterable[Addition], state: ActualState, catalog: Catalog
) -> tuple[AdditionDocument, ...]:
    """Return the documents of additions; the state knows the names of custom roles."""
    roles = Roles.of(state)
    return tuple(_addition_document(addition, roles, catalog) for addition in additions)


def accepted_documents(
    accepted: Iterable[Accepted], state: ActualState, catalog: Catalog
) -> tuple[AcceptedDocument, ...]:
    """Return the documents of additions that the environment accepts."""
    roles = Roles.of(state)
    return tuple(
        AcceptedDocument(
            addition=_addition_document(each.addition, roles, catalog),
            reason=mask_secrets(each.acceptance.reason),
            owner=each.acceptance.owner,
            expires=each.acceptance.expires.isoformat(),
            place=str(each.acceptance.span),
        )
        for each in accepted
    )


def ended_documents(
    resources: Sequence[ResourceChange], state: ActualState, catalog: Catalog
) -> Mapping[str, AdditionDocument]:
    """Return the live bodies of resources that are deleted or replaced, by the key of their id.

    Only of those that grant access, and of those whose name is a GUID.
    """
    roles = Roles.of(state)
    addresses = {change.id.key: change.address for change in resources}
    identities = {
        principal: change.address
        for change in resources
        if change.found is not None and (principal := principal_of(change.found.body))
        if not change.type.grants_access
    }
    return {
        change.id.key: _ended_document(change, change.found, roles, catalog, addresses, identities)
        for change in resources
        if change.action in (Action.DELETE, Action.REPLACE)
        and change.found is not None
        and (change.type.grants_access or is_guid(change.id.name))
    }


def _ended_document(
    change: ResourceChange,
    found: Found,
    roles: Roles,
    catalog: Catalog,
    addresses: Mapping[str, str],
    identities: Mapping[str, str],
) -> AdditionDocument:
    on = change.id.container
    address = addresses.get(on.key) if on is not None else None
    addition = Addition(change.id, on, address, change.type.adds or "", found.body)
    told = _addition_document(addition, roles, catalog)
    principal = str(told.values.get("principalId", "")).lower()
    return told.model_copy(update={"principal": identities.get(principal)})


def _addition_document(addition: Addition, roles: Roles, catalog: Catalog) -> AdditionDocument:
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
