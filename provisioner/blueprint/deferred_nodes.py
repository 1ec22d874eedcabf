"""Deferred nodes: parts of a file that are parsed when they are first read.

A module that comes from the composition cache is needed as text only where a diagnostic points into
it, or an expression reads an output that was not kept.

Made by `blueprint.cached_instances` and `blueprint.expansion`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from provisioner.blueprint.yaml_source import Node
from provisioner.model.span import Span

Entry = TypeVar("Entry")


class DeferredNode(Node):
    """A node that `load` returns when it is read; its place is known before."""

    __slots__ = ("_load", "_loaded", "_place")

    def __init__(self, place: Span, load: Callable[[], Node]) -> None:
        # The fields of a node are slots of a frozen dataclass: the properties below stand in their
        # place, and nothing is ever written to them.
        object.__setattr__(self, "_place", place)
        object.__setattr__(self, "_load", load)
        object.__setattr__(self, "_loaded", None)

    @property
    def loaded(self) -> Node:
        """The node itself."""
        found: Node | None = self._loaded  # type: ignore[attr-defined]
        if found is None:
            found = self._load()  # type: ignore[attr-defined]
            object.__setattr__(self, "_loaded", found)
        return found

    @property
    def span(self) -> Span:
        """The place of the node."""
        place: Span = self._place  # type: ignore[attr-defined]
        return place

    @property
    def value(self) -> Any:  # noqa: ANN401
        """The value of the node."""
        return self.loaded.value

    @property
    def key_spans(self) -> Mapping[str, Span]:
        """The places of a mapping's keys."""
        return self.loaded.key_spans

    @property
    def quoted(self) -> bool:
        """Whether the node is a text in quotes."""
        return self.loaded.quoted

    def __eq__(self, other: object) -> bool:
        return self.loaded == (other.loaded if isinstance(other, DeferredNode) else other)

    def __hash__(self) -> int:
        return hash(self.loaded)

    def __repr__(self) -> str:
        return repr(self.loaded)


class DeferredMapping(Mapping[str, Entry], Generic[Entry]):
    """A mapping that `load` returns when it is read."""

    def __init__(self, load: Callable[[], Mapping[str, Entry]]) -> None:
        self._load = load

    def __getitem__(self, key: str) -> Entry:
        return self._load()[key]

    def __contains__(self, key: object) -> bool:
        return key in self._load()

    def __iter__(self) -> Iterator[str]:
        return iter(self._load())

    def __len__(self) -> int:
        return len(self._load())
