"""A small compiler of Bicep, for what an export uses of it; the grammar is tree-sitter's.

The Bicep compiler itself is in no package that these tests could install. This one follows its
documented rules: what a symbol stands for, what waits for what, what a module is. Whatever it does
not know is an error.
"""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tree_sitter
import tree_sitter_bicep

from provisioner.catalog.deployment import DEPLOYMENT_TYPE, DEPLOYMENT_VERSION
from provisioner.model.resource_id import (
    RESOURCE_GROUP,
    ResourceId,
    resource_group_id,
    subscription_id,
)

_PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bicep.language()))
_ESCAPED = re.compile(r"\\([nrt\\'$])")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def parse(text: str) -> tree_sitter.Node:
    """Return the tree of a file. Raises AssertionError with the line that is no Bicep."""
    root = _PARSER.parse(text.encode()).root_node
    left = [root]
    while left:
        node = left.pop()
        line = text.splitlines()[node.start_point[0]] if text else ""
        told = f"line {node.start_point[0] + 1}: {line}"
        assert not node.is_error, told
        assert not node.is_missing, told
        left += node.children
    return root


@dataclass(frozen=True)
class Expression:
    """What ARM computes, as the text inside the brackets."""

    text: str


@dataclass(frozen=True)
class Declared:
    """A resource or module: its id, what is in it, and whether it is deployed here."""

    id: ResourceId
    api_version: str
    body: tree_sitter.Node
    existing: bool


def compile_bicep(files: Mapping[str, str], subscription: str) -> dict[str, Any]:
    """Return the ARM template of `main.bicep`, as it is deployed to a subscription."""
    return _File(files, "main.bicep", subscription_id(subscription)).compile()


class _File:
    def __init__(self, files: Mapping[str, str], path: str, scope: ResourceId) -> None:
        self.files = files
        self.scope = scope
        self.root = parse(files[path])
        self.parameters: dict[str, str] = {}
        self.outputs: dict[str, tuple[str, tree_sitter.Node]] = {}
        self.nodes: dict[str, tree_sitter.Node] = {}
        self.target = ""
        self.used: set[str] = set()
        for node in self.root.named_children:
            self._declare(node)
        in_group = scope.type == RESOURCE_GROUP
        assert self.target == ("resourceGroup" if in_group else "subscription"), path

    def _declare(self, node: tree_sitter.Node) -> None:
        if node.type == "comment":
            return
        first = node.named_children[0]
        if node.type == "target_scope_assignment":
            self.target = self.value(first)
            return
        name = _text(first)
        assert name not in {*self.parameters, *self.nodes}, f"{name} is declared twice"
        if node.type == "parameter_declaration":
            self.parameters[name] = _text(node.named_children[1])
        elif node.type == "output_declaration":
            self.outputs[name] = (_text(node.named_children[1]), node.named_children[2])
        else:
            assert node.type in ("resource_declaration", "module_declaration"), node.type
            self.nodes[name] = node

    def compile(self) -> dict[str, Any]:
        entries = [self._module(n) if node.type == "module_declaration" else self._resource(n)
                   for n, node in self.nodes.items()]  # fmt: skip
        return {
            "$schema": "compiled",
            "contentVersion": "1.0.0.0",
            "parameters": {name: {"type": kind} for name, kind in self.parameters.items()},
            "resources": [entry for entry in entries if entry is not None],
            "outputs": {
                name: {"type": kind, "value": _json(self.value(node))}
                for name, (kind, node) in self.outputs.items()
            },
        }

    def declared(self, symbol: str) -> Declared:
        node = self.nodes[symbol]
        named = node.named_children
        body = named[-1]
        entries = _entries(body)
        if node.type == "module_declaration":
            name, scope = self.value(entries["name"]), self._scope(entries["scope"])
            return Declared(ResourceId(DEPLOYMENT_TYPE, (name,), scope), "", body, False)
        kind, _, version = self.value(named[1]).partition("@")
        names = tuple(self.value(entries["name"]).split("/"))
        scope: ResourceId | None = self.scope
        if "parent" in entries:
            parent = self.declared(_text(entries["parent"])).id
            names, scope = (*parent.names, *names), parent.scope
        elif "scope" in entries:
            scope = self._scope(entries["scope"])
        container = RESOURCE_GROUP if kind == "Microsoft.Resources/resourceGroups" else kind
        is_existing = any(child.type == "existing" for child in node.children)
        return Declared(ResourceId(container, names, scope), version, body, is_existing)

    def _scope(self, node: tree_sitter.Node) -> ResourceId:
        if node.type == "identifier":
            return self.declared(_text(node)).id
        assert node.type == "call_expression", node.type
        function = _text(node.named_children[0])
        arguments = [self.value(argument) for argument in node.named_children[1].named_children]
        make = {"resourceGroup": resource_group_id, "subscription": subscription_id}[function]
        return make(*arguments)

    def _resource(self, symbol: str) -> dict[str, Any] | None:
        declared = self.declared(symbol)
        if declared.existing:
            return None
        self.used = set()
        entries = _entries(declared.body)
        place = {key: entries.pop(key) for key in ("parent", "scope", "name", "dependsOn")
                 if key in entries}  # fmt: skip
        body = {key: _json(self.value(node)) for key, node in entries.items()}
        for key in ("parent", "scope"):
            if key in place and place[key].type == "identifier":
                self.used.add(_text(place[key]))
        if "dependsOn" in place:
            self.used |= {_text(node) for node in place["dependsOn"].named_children}
        kind = _text(self.nodes[symbol].named_children[1])[1:-1].partition("@")[0]
        head = {"type": kind, "apiVersion": declared.api_version}
        head["name"] = "/".join(declared.id.names)
        if declared.id.scope != self.scope and declared.id.scope is not None:
            head["scope"] = declared.id.scope.text
        return {**head, "dependsOn": self._waits(), **body}

    def _module(self, symbol: str) -> dict[str, Any]:
        declared = self.declared(symbol)
        self.used = set()
        entries = _entries(declared.body)
        params = _entries(entries["params"]) if "params" in entries else {}
        given = {name: {"value": _json(self.value(node))} for name, node in params.items()}
        if "dependsOn" in entries:
            self.used |= {_text(node) for node in entries["dependsOn"].named_children}
        scope = declared.id.scope
        assert scope is not None
        inner = _File(self.files, self.value(self.nodes[symbol].named_children[1]), scope)
        place: dict[str, Any] = {"subscriptionId": scope.subscription}
        if scope.type == RESOURCE_GROUP:
            place["resourceGroup"] = scope.name
        else:
            place["location"] = "[deployment().location]"
        return {
            "type": DEPLOYMENT_TYPE,
            "apiVersion": DEPLOYMENT_VERSION,
            "name": declared.id.name,
            **place,
            "dependsOn": self._waits(),
            "properties": {
                "mode": "Incremental",
                "expressionEvaluationOptions": {"scope": "inner"},
                "parameters": given,
                "template": inner.compile(),
            },
        }

    def _waits(self) -> list[str]:
        found = [self.declared(symbol) for symbol in sorted(self.used)]
        return [one.id.text for one in found if not one.existing]

    def value(self, node: tree_sitter.Node) -> Any:
        if node.type == "object":
            return {key: self.value(item) for key, item in _entries(node).items()}
        if node.type == "array":
            return [self.value(item) for item in _items(node)]
        if node.type in ("number", "boolean", "null"):
            return (
                {"true": True, "false": False, "null": None}.get(_text(node))
                if (node.type != "number")
                else int(_text(node))
            )
        if node.type == "string":
            return self._string(node)
        if node.type == "call_expression":
            return self._call(node)
        return self._access(node)

    def _string(self, node: tree_sitter.Node) -> Any:
        text, start = node.text or b"", node.start_byte
        parts: list[Any] = []
        position = 1
        for inside in [c for c in node.named_children if c.type == "interpolation"]:
            parts.append(_unescape(text[position : inside.start_byte - start].decode()))
            parts.append(self.value(inside.named_children[0]))
            position = inside.end_byte - start
        parts.append(_unescape(text[position:-1].decode()))
        if len(parts) == 1:
            return parts[0]
        return Expression(f"concat({', '.join(_express(p) for p in parts if p != '')})")

    def _call(self, node: tree_sitter.Node) -> Any:
        function = _text(node.named_children[0])
        arguments = [self.value(argument) for argument in node.named_children[1].named_children]
        if function == "json":
            return float(arguments[0])
        assert function in ("toLower", "replace", "string"), function
        return Expression(f"{function}({', '.join(_express(a) for a in arguments)})")

    def _access(self, node: tree_sitter.Node) -> Any:
        path: list[str | int] = []
        while node.type in ("member_expression", "subscript_expression"):
            step = node.named_children[1]
            path.insert(0, _text(step) if "property" in step.type else self.value(step))
            node = node.named_children[0]
        assert node.type == "identifier", node.type
        root = _text(node)
        if root in self.parameters:
            assert not path
            return Expression(f"parameters('{root}')")
        self.used.add(root)
        declared = self.declared(root)
        if path == ["id"]:
            return declared.id.text
        if path[0] == "outputs":
            call = f"reference('{declared.id.text}', '{DEPLOYMENT_VERSION}')"
            return Expression(f"{call}.outputs.{path[1]}.value")
        full = "" if path[0] == "properties" else ", 'Full'"
        call = f"reference('{declared.id.text}', '{declared.api_version}'{full})"
        rest = path if full else path[1:]
        return Expression(call + "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in rest))


def _entries(node: tree_sitter.Node) -> dict[str, tree_sitter.Node]:
    found: dict[str, tree_sitter.Node] = {}
    for entry in node.named_children:
        if entry.type == "comment":
            continue
        key, value = entry.named_children
        text = _text(key)
        name = _unescape(text[1:-1]) if key.type == "string" else text
        assert name not in found, f"{name} stands twice"
        found[name] = value
    return found


def _items(node: tree_sitter.Node) -> list[tree_sitter.Node]:
    """Return the items of an array, one a line as in Bicep: the grammar takes `a[0]` for two."""
    lines = [line.strip() for line in _text(node)[1:-1].splitlines()]
    if not any(a.end_byte == b.start_byte for a, b in itertools.pairwise(node.named_children)):
        return node.named_children
    roots = [parse(f"output item string = {line}\n") for line in lines if line]
    return [root.named_children[0].named_children[2] for root in roots]


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode()


def _unescape(text: str) -> str:
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), text)


def _express(value: Any) -> str:
    if isinstance(value, Expression):
        return value.text
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def _json(value: Any) -> Any:
    if isinstance(value, Expression):
        return f"[{value.text}]"
    if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        return f"[{value}"
    if isinstance(value, dict):
        return {key: _json(item) for key, item in value.items()}
    return [_json(item) for item in value] if isinstance(value, list) else value
