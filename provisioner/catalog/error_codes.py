"""Error codes of refusals, where resource providers differ from each other."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalCodes:
    """The error codes of one type. The defaults are the commonest ones as recorded.

    not_found  GET of a resource that does not exist
    orphan     GET or DELETE of a child whose parent does not exist
    busy       409 to a write while another one runs (guidelines.md §3.2, §3.3)
    fixed      a change of a property that needs a new resource (guidelines.md §2.7), with the
               status `fixed_status`
    value      a value that Azure does not accept
    name       a name that breaks the name rule
    taken      409 to a name, unique in Azure, that another resource has
    children   a PUT of a parent that adds or omits a child that it does not create
               (`Embedded.separate`)
    duplicate  409 to a second resource with the same `ResourceType.unique_by`
    """

    not_found: str = "ResourceNotFound"
    orphan: str = "ResourceNotFound"
    busy: str = "AnotherOperationInProgress"
    fixed: str = "PropertyChangeNotAllowed"
    fixed_status: int = 400
    value: str = "InvalidParameter"
    name: str = "InvalidResourceName"
    taken: str = "NameAlreadyInUse"
    children: str = "BadRequest"
    duplicate: str = "Conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftDelete:
    """A type whose deleted resources keep their name until purged (guidelines.md §2.8).

    retention      path of the days that a deleted one is kept, from `default_days` where silent
    protection     path of the flag that forbids a purge before the retention has ended
    mode, recover  path and value with which a PUT takes a deleted one back
    """

    retention: str
    protection: str
    mode: str
    recover: str
    default_days: int = 90
