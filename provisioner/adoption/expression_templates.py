"""Values of a body with unresolved references, before they are written to a file.

How a reference is written depends on the file: as the name of a resource, as a parameter, or as the
output of a module. Values therefore hold `Ref`s until each resource is assigned to a file. Most
modules of the package use these types.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from provisioner.adoption.yaml_text import Yaml


@dataclass(frozen=True, slots=True)
class Ref:
    """A property of another adopted resource or resource group, by the key of its id.

    The property is `id`, `name` or a path (`properties.principalId`). A `soft` reference can be
    written as its plain value (`literal`) where it would close a cycle.
    """

    key: str
    attribute: str = "id"
    literal: str = ""

    @property
    def soft(self) -> bool:
        """Whether the value that it reads can be written out."""
        return bool(self.literal)


@dataclass(frozen=True, slots=True)
class Var:
    """A variable that every file has.

    It is `environment.tenantId`, or a parameter of the blueprint that is passed to modules
    (`prefix`).
    """

    text: str
    is_parameter: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function; texts among the arguments are literals."""

    function: str
    arguments: "tuple[Part, ...]"


@dataclass(frozen=True, slots=True)
class Each:
    """A reference to the row of a `forEach`: `each.key`, `each.value`, `each.value.prefix`."""

    text: str


Part: TypeAlias = "str | Ref | Var | Call | Each"


@dataclass(frozen=True, slots=True)
class Template:
    """A text that consists of literal parts and of expressions."""

    parts: tuple[Part, ...]

    @staticmethod
    def of(*parts: Part) -> "Template":
        """Return a template, with neighbouring texts as one and without empty ones."""
        merged: list[Part] = []
        for part in parts:
            if isinstance(part, str) and merged and isinstance(merged[-1], str):
                merged[-1] += part
            elif part != "":
                merged.append(part)
        return Template(tuple(merged))

    @property
    def plain(self) -> str | None:
        """The text of a template without expressions, else None."""
        if not self.parts:
            return ""
        alone = len(self.parts) == 1 and isinstance(self.parts[0], str)
        return str(self.parts[0]) if alone else None

    def refs(self) -> Iterator[Ref]:
        """Yield the references in it."""
        for part in self.parts:
            yield from _refs_in(part)

    def map(self, change: "Callable[[Part], Part]") -> "Template":
        """Return the template with each part changed."""
        return Template.of(*(_map_part(part, change) for part in self.parts))


def _refs_in(part: Part) -> Iterator[Ref]:
    if isinstance(part, Ref):
        yield part
    elif isinstance(part, Call):
        for argument in part.arguments:
            yield from _refs_in(argument)


def _map_part(part: Part, change: "Callable[[Part], Part]") -> Part:
    if isinstance(part, Call):
        return Call(part.function, tuple(_map_part(each, change) for each in part.arguments))
    return change(part)


Leaf: TypeAlias = "Template | bool | int | float | None"
Tree: TypeAlias = "Leaf | tuple[Tree, ...] | Mapping[Template, Tree]"
"""A body whose texts, keys included, are templates."""


def leaves(tree: Tree) -> Iterator[Template]:
    """Yield every template in a tree, keys included."""
    if isinstance(tree, Template):
        yield tree
    elif isinstance(tree, Mapping):
        for key, item in tree.items():
            yield key
            yield from leaves(item)
    elif isinstance(tree, tuple):
        for item in tree:
            yield from leaves(item)


def map_tree(tree: Tree, change: Callable[[Template], Template]) -> Tree:
    """Return a tree with each of its templates changed, keys included."""
    if isinstance(tree, Template):
        return change(tree)
    if isinstance(tree, Mapping):
        return {change(key): map_tree(item, change) for key, item in tree.items()}
    if isinstance(tree, tuple):
        return tuple(map_tree(item, change) for item in tree)
    return tree


def text_of(tree: Tree, text: Callable[[Template], str]) -> Yaml:
    """Return a tree as the data of a YAML document; `text` converts a template to its text.

    The entries of a list have their names first.
    """
    if isinstance(tree, Template):
        return text(tree)
    if isinstance(tree, Mapping):
        return {text(key): text_of(item, text) for key, item in tree.items()}
    if isinstance(tree, tuple):
        return [_name_first(text_of(item, text)) for item in tree]
    return tree


def _name_first(value: Yaml) -> Yaml:
    if not isinstance(value, Mapping) or "name" not in value:
        return value
    return {"name": value["name"], **value}


def write(template: Template, expression: Callable[[Ref], str]) -> str:
    """Return the text of a template in a file; `expression` writes a reference there."""
    written = []
    for part in template.parts:
        if isinstance(part, str):
            # A literal `${` of a live value (a script, a query) would be evaluated as an
            # expression.
            written.append(part.replace("${", "$${"))
        else:
            written.append(f"${{{_expression_text(part, expression)}}}")
    return "".join(written)


def _expression_text(part: Part, expression: Callable[[Ref], str]) -> str:
    if isinstance(part, str):
        return json.dumps(part)
    if isinstance(part, Ref):
        return expression(part)
    if isinstance(part, Call):
        arguments = ", ".join(_expression_text(each, expression) for each in part.arguments)
        if part.function == "+":
            return " + ".join(_expression_text(each, expression) for each in part.arguments)
        return f"{part.function}({arguments})"
    return part.text
