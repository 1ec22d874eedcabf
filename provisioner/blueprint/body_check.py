"""Checks a desired body against the SDK's schema: names, types, enums, required properties.

A part of a body that an expression gave has the place of the expression. Azure compares the names
of properties without case (guidelines.md §3.1), Kubernetes the keys of labels with it.
`blueprint.resources` calls it for each resource that is composed, `adoption` for the bodies that it
generates.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from provisioner.blueprint.file_schemas import RESOURCE_KEYS
from provisioner.blueprint.secret_checks import HINT
from provisioner.blueprint.yaml_source import Node
from provisioner.catalog.field import Field
from provisioner.catalog.resource_type import ResourceType, Tier
from provisioner.catalog.schema import RANGES, Kind, Model, SchemaIndex, Shape
from provisioner.model.diagnostic import Diagnostic, error, nearest, warning
from provisioner.model.span import Span
from provisioner.model.values import Unknown

_WORDS = {
    Kind.STRING: "a text",
    Kind.INTEGER: "a whole number",
    Kind.LONG: "a whole number",
    Kind.NUMBER: "a number",
    Kind.BOOLEAN: "true or false",
    Kind.OBJECT: "a mapping",
    Kind.MAP: "a mapping",
    Kind.LIST: "a list",
}
_ACCEPTED: Mapping[Kind, tuple[type, ...]] = {
    Kind.STRING: (str,),
    Kind.INTEGER: (int,),
    Kind.LONG: (int,),
    Kind.NUMBER: (int, float),
    Kind.BOOLEAN: (bool,),
    Kind.OBJECT: (Mapping,),
    Kind.MAP: (Mapping,),
    Kind.LIST: (list, tuple),
}
_CASE_MATTERS = frozenset(
    {"nodeLabels", "podLabels", "labels", "labelIncludeFilter", "annotations"}
)
"""Maps whose keys Kubernetes compares with their case. All other names are those of Azure,
which compares them without (guidelines.md §3.1): of two it takes one, and does not say which."""
_ENVELOPE = frozenset({"id", "name", "type"})
_STATED_ELSEWHERE = _ENVELOPE | {"location"}


_ANYTHING = Shape(Kind.ANY)


def check_body(
    resource_type: ResourceType,
    schemas: SchemaIndex,
    body: Mapping[str, object],
    node: Node,
    *,
    written: bool = True,
) -> list[Diagnostic]:
    """Return everything in `body` that Azure would refuse or ignore, each with its place.

    `node` is where the body is written. A part that an expression gave has the place of the
    expression. Of a resource that is only read (not `written`) nothing is required.
    """
    checker = _Checker(resource_type, schemas, written)
    root = Shape(Kind.OBJECT, schemas.roots[resource_type.name])
    stated = {**dict.fromkeys(node.entries), **body}
    return [*checker.check_case(stated, node, ()), *checker.check(root, body, node, ())]


class _Checker:
    def __init__(self, resource_type: ResourceType, schemas: SchemaIndex, written: bool) -> None:
        self._type = resource_type
        self._schemas = schemas
        self._written = written

    def check(
        self, shape: Shape, value: object, node: Node, path: tuple[str, ...]
    ) -> Iterator[Diagnostic]:
        if value is None or isinstance(value, Unknown):
            return
        if path and isinstance(value, Mapping) and path[-1] not in _CASE_MATTERS:
            yield from self.check_case(value, node, path)
        if shape.kind is Kind.ANY:
            yield from self._check_any(value, node, path)
            return
        if not _is_of_kind(shape.kind, value):
            yield self._wrong_type(shape.kind, value, node.span, path)
        elif shape.kind in RANGES and value not in RANGES[shape.kind]:
            yield self._out_of_range(shape.kind, value, node.span, path)
        elif shape.enum and not _is_known(value, shape.enum):
            yield self._unlisted_value(shape, value, node.span, path)
        elif isinstance(value, Mapping):
            yield from self._check_mapping(shape, value, node, path)
        elif isinstance(value, (list, tuple)) and shape.item:
            for index, item in enumerate(value):
                below = node.items[index] if index < len(node.items) else node
                yield from self.check(shape.item, item, below, (*path, f"[{index}]"))

    def _unlisted_value(
        self, shape: Shape, value: object, span: Span, path: tuple[str, ...]
    ) -> Diagnostic:
        """Return the diagnostic of a value that the SDK's enum does not have.

        The SDK for Python types every enum as `Union[str, Enum]`, whether the service's is closed
        or may grow (`modelAsString`, AutoRest's "Enums and x-ms-enum"), and most may: a virtual
        machine takes sizes that no package lists. The values of the catalog's types were checked
        against Azure; of others they are advice.
        """
        hint = nearest(str(value), shape.enum)
        if self._type.tier is Tier.SCHEMA:
            return warning(
                "unlisted-value",
                f"{_readable_path(path)} is {value!r}, which the SDK's model of {self._type.name} "
                "does not list; it is sent as it is.",
                span,
                hint,
            )
        return error(
            "wrong-value",
            f"{_readable_path(path)} is {value!r}, which {self._type.name} does not know.",
            span,
            hint,
        )

    @staticmethod
    def check_case(
        value: Mapping[str, object], node: Node, path: tuple[str, ...]
    ) -> Iterator[Diagnostic]:
        """Yield the keys of a mapping that differ from another one in nothing but their case."""
        seen: dict[str, str] = {}
        for key in value:
            first = seen.setdefault(key.lower(), key)
            if first != key:
                other = node.key_spans.get(first, node.span)
                yield error(
                    "duplicate-key",
                    f"{_readable_path((*path, key))} is {first!r} in a different case, which is "
                    "defined at "
                    f"{other}; Azure compares names without case.",
                    node.key_spans.get(key, node.span),
                    "Remove one of them.",
                )

    def _check_any(self, value: object, node: Node, path: tuple[str, ...]) -> Iterator[Diagnostic]:
        """Check what has no schema below a property: nothing but the case of its names."""
        children: Iterator[tuple[str, object, Node]] = iter(())
        if isinstance(value, Mapping):
            children = ((key, item, node.get(key) or node) for key, item in value.items())
        elif isinstance(value, (list, tuple)):
            items = node.items
            children = (
                (f"[{index}]", item, items[index] if index < len(items) else node)
                for index, item in enumerate(value)
            )
        for step, item, below in children:
            yield from self.check(_ANYTHING, item, below, (*path, step))

    def _check_mapping(
        self, shape: Shape, value: Mapping[str, object], node: Node, path: tuple[str, ...]
    ) -> Iterator[Diagnostic]:
        if shape.kind is Kind.MAP and shape.item:
            for key, item in value.items():
                yield from self.check(shape.item, item, node.get(key) or node, (*path, key))
            return
        model = self._schemas.models.get(shape.model or "")
        if model is None:
            return
        for key, item in value.items():
            prop = model.find(key)
            place = node.key_spans.get(key, node.span)
            if prop is None:
                if not model.open_ended:
                    yield self._unknown_property(model, key, place, path)
                continue
            fact = self._fact_at((*path, key))
            if prop.read_only or fact.read_only:
                yield error(
                    "read-only",
                    f"{_readable_path((*path, key))} is read-only: Azure sets it.",
                    place,
                    "Remove it.",
                )
            elif fact.secret and item is not None:
                yield error(
                    "secret",
                    f"{_readable_path((*path, key))} is a secret, and no file may hold one.",
                    place,
                    HINT,
                )
            elif not _is_free_text(prop.shape, item):  # most values of most bodies
                yield from self.check(prop.shape, item, node.get(key) or node, (*path, key))
        yield from self._missing_required(model, value, node, path)

    def _missing_required(
        self, model: Model, value: Mapping[str, object], node: Node, path: tuple[str, ...]
    ) -> Iterator[Diagnostic]:
        given = {key.lower() for key, item in value.items() if item is not None}
        if not self._written or (path and "id" in given):
            return  # a reference, whatever else the model of what it points to requires
        for prop in model.required:
            stated_elsewhere = not path and prop.name in _STATED_ELSEWHERE
            if not stated_elsewhere and prop.name.lower() not in given:
                yield error(
                    "missing-property",
                    f"{_readable_path((*path, prop.name))} is required by {self._type.name}.",
                    node.span,
                    "Add it.",
                )

    def _fact_at(self, path: Sequence[str]) -> Field:
        generic = ".".join(path)
        if "[" in generic:
            steps = ("[]" if step.startswith("[") else step for step in path)
            generic = ".".join(steps).replace(".[]", "[]")
        return self._type.fact(generic)

    def _unknown_property(
        self, model: Model, key: str, span: Span, path: tuple[str, ...]
    ) -> Diagnostic:
        known = [prop.name for prop in model.properties.values() if not prop.read_only]
        if not path:
            known = [name for name in known if name not in _ENVELOPE] + sorted(RESOURCE_KEYS)
        return error(
            "unknown-property",
            f"{_readable_path((*path, key))} is not a property of {self._type.name}.",
            span,
            nearest(key, known),
        )

    @staticmethod
    def _wrong_type(kind: Kind, value: object, span: Span, path: tuple[str, ...]) -> Diagnostic:
        shown = "a mapping" if isinstance(value, Mapping) else repr(value)
        whole = _whole_number(value) if kind in RANGES else None
        meant = f" Write {whole}, as a number without quotes and point." if whole else ""
        return error(
            "wrong-type",
            f"{_readable_path(path)} is {shown}.",
            span,
            f"Expected {_WORDS[kind]}.{meant}",
        )

    @staticmethod
    def _out_of_range(kind: Kind, value: object, span: Span, path: tuple[str, ...]) -> Diagnostic:
        allowed = RANGES[kind]
        return error(
            "number-out-of-range",
            f"{_readable_path(path)} is {value}.",
            span,
            f"Expected a whole number from {allowed.start} to {allowed.stop - 1}.",
        )


def _whole_number(value: object) -> str | None:
    """Return the whole number that a text or a fraction stands for, or None.

    Azure's services differ in whether they accept one so written: those in Go do not.
    """
    text = str(value)
    match = re.fullmatch(r"([-+]?[0-9]{1,20})(?:\.0*)?", text.strip())
    return match[1] if match else None


def _is_of_kind(kind: Kind, value: object) -> bool:
    if isinstance(value, bool):
        return kind is Kind.BOOLEAN
    return isinstance(value, _ACCEPTED[kind])


def _is_free_text(shape: Shape, value: object) -> bool:
    """Return whether a value is a text where any text may be."""
    return value.__class__ is str and shape.kind is Kind.STRING and not shape.enum


def _is_known(value: object, enum: tuple[str, ...]) -> bool:
    return any(_fold_text(str(value)) == _fold_text(known) for known in enum)


def _fold_text(text: str) -> str:
    """Return a text in lower case, without the spaces after commas.

    Services differ in them, in the names of two kinds of identity in one text.
    """
    return text.lower().replace(", ", ",")


def _readable_path(path: Sequence[str]) -> str:
    return ".".join(path).replace(".[", "[") or "the body"
