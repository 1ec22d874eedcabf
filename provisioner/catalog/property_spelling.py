"""Bodies in the schema's spelling, which facts and rules are functions of.

Azure Resource Manager accepts property names and enum values in any case, and reads numbers and
booleans from text, which is what templates and clients with text parameters send (docs/compare.md).
Null, an empty text and an empty object state nothing there.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from provisioner.catalog.schema import Kind, Model, SchemaIndex, Shape
from provisioner.model.values import ABSENT, CaselessMapping

_UNTYPED = Shape(Kind.ANY)
_UNREAD = object()
# Longer numbers are no quantity of any service, and Python refuses to parse very long ones.
_NUMBER = re.compile(r"-?\d{1,18}(?:\.\d{1,18})?")
_NUMBERS = (Kind.INTEGER, Kind.LONG, Kind.NUMBER)
_BOOLEANS = {"true": True, "false": False}


class SchemaSpelling(CaselessMapping):
    """An object as the schema spells it: names and enum values in its case, numbers as numbers.

    Properties that state nothing are left out; keys of maps, text without an enum and what the
    schema does not have stay as they are. Nested values are converted on access: facts read few
    properties of large bodies, and converting whole bodies made a comparison a third slower.
    """

    __slots__ = ("_folded", "_index", "_read", "_shape", "_value")

    def __init__(self, index: SchemaIndex, shape: Shape, value: Mapping[str, object]) -> None:
        self._index = index
        self._shape = shape
        self._value = value
        self._read: dict[object, object] = {}
        self._folded: Mapping[str, str] | None = None

    def __getitem__(self, key: str) -> object:
        value = self._find(key)
        if value is ABSENT:
            raise KeyError(key)
        return value

    def get(self, key: str, default: object = None) -> object:
        """Return a property by its name in any case, as `Mapping.get` does, without raising."""
        value = self._read.get(key, _UNREAD)
        if value is _UNREAD:
            value = self._find(key)
        return default if value is ABSENT else value

    def __contains__(self, key: object) -> bool:
        return self._find(key) is not ABSENT

    def __iter__(self) -> Iterator[str]:
        model = self._model()
        for key, value in self._value.items():
            if not self._is_silent(key, value):
                prop = model.find(key) if model is not None else None
                yield key if prop is None else prop.name

    def __len__(self) -> int:
        return sum(not self._is_silent(key, value) for key, value in self._value.items())

    def _find(self, key: object) -> object:
        found = self._read.get(key, _UNREAD)
        if found is _UNREAD:
            found = self._read[key] = self._spell(str(key))
        return found

    def _spell(self, key: str) -> object:
        value = self._value.get(key, ABSENT)
        if value is ABSENT and self._shape.kind is not Kind.MAP:
            if self._folded is None:
                self._folded = {name.lower(): name for name in self._value}
            value = self._value.get(self._folded.get(key.lower(), key), ABSENT)
        if value is ABSENT or self._is_silent(key, value):
            return ABSENT
        model = self._model()
        prop = model.find(key) if model is not None else None
        shape = prop.shape if prop is not None else self._shape.item or _UNTYPED
        return spell(self._index, shape, value)

    def _model(self) -> Model | None:
        return self._index.models.get(self._shape.model or "")

    def _is_silent(self, key: str, value: object) -> bool:
        """Return whether a value states nothing: in a map the key alone states something.

        A resource without properties still exists.
        """
        if value is None or value == "":
            return True
        speaks = self._shape.kind is Kind.MAP or key == "properties"
        return not speaks and isinstance(value, Mapping) and _is_hollow(value)


def spell(index: SchemaIndex, shape: Shape, value: object) -> object:
    """Return a value of this shape in the schema's spelling."""
    if isinstance(value, Mapping):
        return SchemaSpelling(index, shape, value)
    if isinstance(value, (list, tuple)):
        item = shape.item or _UNTYPED
        return [spell(index, item, entry) for entry in cast(Sequence[object], value)]
    return read_scalar(shape, value)


def read_scalar(shape: Shape, value: object) -> object:
    """Return a scalar in the schema's kind, where it can be read as one."""
    kind = shape.kind
    if isinstance(value, str):
        if shape.enum:
            return _in_enum(shape, value)
        if kind is Kind.BOOLEAN:
            return _BOOLEANS.get(value.lower(), value)
        if kind in _NUMBERS and _NUMBER.fullmatch(value):
            return float(value) if "." in value else int(value)
        return value
    if kind is Kind.STRING and isinstance(value, bool):
        return str(value).lower()
    return value


def _in_enum(shape: Shape, text: str) -> str:
    if text in shape.enum:
        return text
    folded = _fold(text)
    return next((known for known in shape.enum if _fold(known) == folded), text)


def _fold(text: str) -> str:
    """Return a text in lower case without spaces.

    Services differ in the spaces of several names in one text (`SystemAssigned, UserAssigned`).
    """
    return text.replace(" ", "").lower()


def _is_hollow(value: Mapping[str, object]) -> bool:
    return all(
        inner is None or inner == "" or (isinstance(inner, Mapping) and _is_hollow(inner))
        for inner in value.values()
    )
