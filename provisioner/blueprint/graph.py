"""The desired graph: the resources and outputs of an environment, with their dependency edges.

An edge has the reason for which a resource waits, so that a cycle can be reported with its reasons.
`blueprint.composition` makes the graph; planning, controls and reports read it.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from provisioner.blueprint.yaml_source import Node
from provisioner.catalog.resource_type import ResourceType
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.model.resource_id import ResourceId
from provisioner.model.span import Span
from provisioner.model.values import Value


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """A dependency on the resource at the address `on`.

    `because` is the reason: the property that refers to it, or the words parent, scope, resource
    group, dependsOn.
    """

    on: str
    because: str


class Scope(Protocol):
    """The file that an expression is written in: the blueprint, or one use of a module."""

    @property
    def node(self) -> Node:
        """The whole file."""

    @property
    def given(self) -> Mapping[str, "GivenValue"]:
        """The values that are given to the file's parameters where it is used."""


class GivenValue(Protocol):
    """A value given to a parameter: where it is written, and the file that its names belong to."""

    @property
    def node(self) -> Node:
        """The value as it is written."""

    @property
    def instance(self) -> Scope:
        """The file it is written in."""


@dataclass(frozen=True, slots=True)
class DesiredResource:
    """One resource as the blueprint states it.

    `body` may hold Unknown leaves. One that is not `managed` is only read (`existing: true`).
    `node` is where the blueprint states it, for the places of its properties, and `scope` the file
    that the names in it belong to (None for one that no file states). `inherited` are the
    properties that it has from elsewhere, by the steps of their paths: the location of its group,
    and tags of the blueprint.
    """

    address: str
    id: ResourceId
    type: ResourceType
    body: Mapping[str, Value]
    managed: bool
    edges: tuple[Edge, ...]
    span: Span
    node: Node
    scope: Scope | None = field(default=None, compare=False, repr=False)
    inherited: Mapping[tuple[str, ...], GivenValue] = field(
        default_factory=dict, compare=False, repr=False
    )


@dataclass(frozen=True)
class DesiredGraph:
    """The resources by address, in the order of their addresses, and the outputs.

    Each output has the addresses that it comes from. `warnings` are what was found of the files
    while composing.
    """

    resources: Mapping[str, DesiredResource]
    outputs: Mapping[str, Value]
    output_sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    warnings: tuple[Diagnostic, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[str, DesiredResource]:
        """The resources by the key of their id."""
        return {resource.id.key: resource for resource in self.resources.values()}

    def __iter__(self) -> Iterator[DesiredResource]:
        return iter(self.resources.values())

    @cached_property
    def ordered(self) -> tuple[DesiredResource, ...]:
        """Return the resources, each after everything it waits for; ties in the order of addresses.

        Raises:
            DiagnosticError: For a cycle (`cycle`), with its edges and their reasons.
        """
        done: dict[str, DesiredResource] = {}
        open_edges: dict[str, Edge | None] = {}

        for start in self.resources:
            stack: list[tuple[str, Iterator[Edge]]] = []
            if start not in done:
                open_edges[start] = None
                stack.append((start, iter(self.resources[start].edges)))
            while stack:
                address, edges = stack[-1]
                edge = next((e for e in edges if e.on not in done), None)
                if edge is None:
                    stack.pop()
                    del open_edges[address]
                    done[address] = self.resources[address]
                elif edge.on in open_edges:
                    raise DiagnosticError(
                        self._cycle_diagnostic([entry[0] for entry in stack], edge.on)
                    )
                else:
                    open_edges[edge.on] = edge
                    stack.append((edge.on, iter(self.resources[edge.on].edges)))
        return tuple(done.values())

    def _cycle_diagnostic(self, stack: list[str], back_to: str) -> Diagnostic:
        around = [*stack[stack.index(back_to) :], back_to]
        return cycle_diagnostic(
            [
                (address, self._reason_of_edge(address, following))
                for address, following in itertools.pairwise(around)
            ],
            back_to,
            self.resources[back_to].span,
        )

    def _reason_of_edge(self, address: str, on: str) -> str:
        return next(edge.because for edge in self.resources[address].edges if edge.on == on)


def cycle_diagnostic(links: list[tuple[str, str]], end: str, span: Span) -> Diagnostic:
    """Return the diagnostic of a cycle given as (address, reason it waits for the next)."""
    drawn = "".join(f"{address} ({reason}) -> " for address, reason in links)
    return error(
        "cycle",
        f"these wait for each other: {drawn}{end}.",
        span,
        "Break it: give one of them a value that does not come from the other.",
    )
