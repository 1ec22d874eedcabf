"""Models that a type's file states itself, because no pinned SDK package has them.

A package is tens of megabytes of operations for the few properties that a blueprint writes; what a
type needs of it is stated beside its facts, as Azure's template reference documents it.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from provisioner.catalog.field import Field
from provisioner.catalog.schema import Kind, Model, Property, Shape

TEXT = Shape(Kind.STRING)
NUMBER = Shape(Kind.INTEGER)
LONG = Shape(Kind.LONG)
FLAG = Shape(Kind.BOOLEAN)
OPEN = Shape(Kind.ANY)
TEXTS = Shape(Kind.MAP, item=TEXT)


def choice(*values: str) -> Shape:
    """Return the shape of a text that is one of these, case ignored."""
    return Shape(Kind.STRING, enum=values)


def list_of(item: Shape) -> Shape:
    """Return the shape of a list of these."""
    return Shape(Kind.LIST, item=item)


def map_of(item: Shape) -> Shape:
    """Return the shape of a map of these, by any key."""
    return Shape(Kind.MAP, item=item)


def models_of(namespace: str) -> tuple[Callable[..., Model], Callable[[str], Shape]]:
    """Return two functions of one namespace of models.

    The first states a model (its name, then its properties by wire name; an answer has more that
    only Azure writes), the second returns the shape of an object of such a model.
    """

    def model(name: str, /, **properties: Shape) -> Model:
        stated = {prop: Property(prop, shape) for prop, shape in properties.items()}
        return Model(f"{namespace}.{name}", stated)

    def instance(name: str) -> Shape:
        return Shape(Kind.OBJECT, f"{namespace}.{name}")

    return model, instance


IDENTITY_FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "identity.userAssignedIdentities[].principalId": Field(read_only=True),
        "identity.userAssignedIdentities[].clientId": Field(read_only=True),
    }
)
"""Azure answers who each user-assigned identity is; a request only names it."""


def identity_models(
    model: Callable[..., Model], instance: Callable[[str], Shape]
) -> tuple[Model, Model]:
    """Return the models of a managed identity, as `models_of` states them.

    Source: `ManagedServiceIdentity` of common-types in Azure/azure-rest-api-specs.
    """
    assigned = map_of(instance("AssignedIdentity"))
    return (
        model(
            "Identity",
            type=TEXT,
            principalId=TEXT,
            tenantId=TEXT,
            userAssignedIdentities=assigned,
        ),
        model("AssignedIdentity", principalId=TEXT, clientId=TEXT),
    )
