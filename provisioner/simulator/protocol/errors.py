"""Errors of Azure's REST APIs: status and code, in the two shapes that resource providers answer.

ARM itself and most providers wrap an error in `{"error": …}`; some answer it flat, with `subcode`
and `target` (guidelines.md §3.1; recorded in errors.jsonl).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId
from provisioner.model.values import Json


@dataclass(eq=False)
class RefusalError(Exception):
    """A refused request: HTTP status, Azure's error code and message.

    `by_provider` distinguishes an error of the resource provider, which may be answered flat, from
    one of ARM in front of it. `details` are (code, message) or (code, message, target),
    `additional` the entries of `additionalInfo`.
    """

    status: int
    code: str
    message: str
    target: str | None = None
    details: tuple[tuple[str, ...], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    by_provider: bool = False
    additional: tuple[Json, ...] = ()

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message}"

    def body(self, *, flat: bool) -> Json:
        """Return the JSON body; `flat`: the type's provider leaves out the envelope `error`."""
        details: list[Json] = [
            dict(zip(("code", "message", "target"), detail, strict=False))
            for detail in self.details
        ]
        if flat and self.by_provider:
            return {
                "code": self.code,
                "details": details or None,
                "message": self.message,
                "subcode": "",
                "target": self.target or "",
            }
        error: dict[str, Json] = {"code": self.code, "message": self.message}
        if self.target:
            error["target"] = self.target
        if details:
            error["details"] = details
        if self.additional:
            error["additionalInfo"] = list(self.additional)
        return {"error": error}


class ResourceGroupNotFoundError(RefusalError):
    """The resource group of the request does not exist."""

    def __init__(self, name: str) -> None:
        super().__init__(
            404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found."
        )


class ResourceNotFoundError(RefusalError):
    """The resource does not exist.

    ARM answers ResourceNotFound itself; a provider with a `code` of its own answers in its shape.
    A missing resource group has its own code and message.
    """

    def __init__(self, resource: ResourceId, code: str = "ResourceNotFound") -> None:
        if resource.type == RESOURCE_GROUP:
            missing = ResourceGroupNotFoundError(resource.name)
            super().__init__(missing.status, missing.code, missing.message)
            return
        namespace, *kinds = resource.type.split("/")
        named = (f"{kind}/{name}" for kind, name in zip(kinds, resource.names, strict=False))
        path = "/".join((namespace, *named))
        group = resource.resource_group
        location = f" under resource group '{group}'" if group else ""
        super().__init__(
            404,
            code,
            f"The Resource '{path}'{location} was not found.",
            by_provider=code != "ResourceNotFound",
        )


class InvalidRequestContentError(RefusalError):
    """The body of the request lacks a member, or has one of another type."""

    def __init__(self, message: str) -> None:
        super().__init__(400, "InvalidRequestContent", message)


class InvalidResourceNamespaceError(RefusalError):
    """The namespace is not one of a resource provider."""

    def __init__(self, namespace: str) -> None:
        super().__init__(
            404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid."
        )


class InvalidResourceTypeError(RefusalError):
    """The resource provider has no such type.

    Recorded with a list of API versions, which is left out: they are not known of a type outside
    the catalog.
    """

    def __init__(self, type_name: str) -> None:
        namespace, _, kind = type_name.partition("/")
        super().__init__(
            404,
            "InvalidResourceType",
            f"The resource type '{kind}' could not be found in the namespace '{namespace}'.",
        )
