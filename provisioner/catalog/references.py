"""Resource ids that a body refers to, at paths that a client may write."""

from collections.abc import Iterator, Mapping

from provisioner.catalog.resource_type import ResourceType
from provisioner.catalog.schema import Kind, SchemaIndex, Shape
from provisioner.model.resource_id import ResourceId, parse_resource_id


def references_in(
    resource_type: ResourceType, schemas: SchemaIndex, body: Mapping[str, object]
) -> Iterator[tuple[str, ResourceId]]:
    """Yield (path, id) for every id that `body` refers to.

    What Azure alone writes is passed over (a subnet's list of the interfaces in it), and so are
    entries that are resources of their own.
    """
    root = Shape(Kind.OBJECT, schemas.roots[resource_type.name])
    yield from _references(resource_type, schemas, root, body, "")


def _references(
    resource_type: ResourceType, schemas: SchemaIndex, shape: Shape, value: object, path: str
) -> Iterator[tuple[str, ResourceId]]:
    fact = resource_type.fact(path)
    if fact.read_only or fact.embeds:
        return
    if isinstance(value, Mapping):
        model = schemas.models.get(shape.model or "")
        for key, item in value.items():
            prop = model.find(key) if model else None
            if (prop is not None and prop.read_only) or (not path and key in ("id", "name")):
                continue
            named = parse_resource_id(key)
            if named is not None:
                yield path, named
            below = prop.shape if prop else shape.item or Shape(Kind.ANY)
            yield from _references(
                resource_type, schemas, below, item, f"{path}.{key}" if path else key
            )
    elif isinstance(value, (list, tuple)):
        for item in value:
            below = shape.item or Shape(Kind.ANY)
            yield from _references(resource_type, schemas, below, item, f"{path}[]")
    else:
        found = parse_resource_id(value)
        if found is not None and not found.is_container:
            yield path, found
