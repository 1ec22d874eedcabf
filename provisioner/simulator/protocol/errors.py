"""How the simulator refuses: Azure's codes, in the two shapes that its providers answer.

ARM itself and most providers wrap an error in `{"error": …}`; some answer it flat, with `subcode`
and `target` (guidelines.md §3.1; recorded in errors.jsonl).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId
from provisioner.model.values import Json


@dataclass(eq=False)
class RefusalError(Exception):
    """A request that is refused.

    `by_provider` tells a refusal of the resource provider, which may answer flat, from one of ARM
    in front of it. `details` are (code, message) or (code, message, target), `additional` the
    entries of `additionalInfo`.
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
        """Return the JSON body; `flat` is whether the type's provider leaves out the envelope."""
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


def group_not_found(name: str) -> RefusalError:
    """Return the refusal of a request into a resource group that does not exist."""
    return RefusalError(
        404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found."
    )


def resource_not_found(resource: ResourceId, code: str = "ResourceNotFound") -> RefusalError:
    """Return the refusal of a read of a resource that does not exist."""
    if resource.type == RESOURCE_GROUP:
        return group_not_found(resource.name)
    namespace, *kinds = resource.type.split("/")
    named = (f"{kind}/{name}" for kind, name in zip(kinds, resource.names, strict=False))
    path = "/".join((namespace, *named))
    place = f" under resource group '{resource.resource_group}'" if resource.resource_group else ""
    return RefusalError(
        404,
        code,
        f"The Resource '{path}'{place} was not found.",
        by_provider=code != "ResourceNotFound",
    )


def invalid_namespace(namespace: str) -> RefusalError:
    """Return the refusal of a namespace that no provider has."""
    return RefusalError(
        404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid."
    )


def invalid_type(type_name: str) -> RefusalError:
    """Return the refusal of a type that its provider does not have; recorded without the versions,
    which the built-in Azure does not know of a type outside the catalog."""
    namespace, _, kind = type_name.partition("/")
    return RefusalError(
        404,
        "InvalidResourceType",
        f"The resource type '{kind}' could not be found in the namespace '{namespace}'.",
    )
