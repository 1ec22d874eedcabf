"""Finds the messages in azsec's source: code, severity, text and hint of every diagnostic.

A diagnostic is made by `error` or `warning`, or by a function of the same module that hands its
own parameters on to them. What an f-string inserts becomes a placeholder, `<name>`.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_PARTS = {"code": 0, "message": 1, "hint": 3}
_REFUSAL = {"code": 1, "message": 2, "hint": 3}
DETAILS = "<details>"
"""A text that is made elsewhere: by a library, by Azure, or in another function."""
_UNTELLING = frozenset(
    {
        "because",
        "how",
        "meant",
        "message",
        "problem",
        "said",
        "shown",
        "told",
        "what",
        "why",
        "words",
    }
)
"""Names of variables that say nothing of what a text inserts."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Maker:
    """What makes a message: the severity, at which place it takes the code, the message and the
    hint when they are not named, and the texts that it sets itself."""

    severity: str
    places: Mapping[str, int]
    own: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class Message:
    """One text of a code, with placeholders; `hint` is "" where there is none."""

    code: str
    severity: str
    text: str
    hint: str
    module: str


MAKERS: Mapping[str, Maker] = {
    "error": Maker("error", _PARTS),
    "warning": Maker("warning", _PARTS),
    "ForgeError": Maker("error", _REFUSAL),
}


def find_messages(root: Path) -> list[Message]:
    """Return the messages of a package, each once, by code and text. `module` of each is the path
    of its file below the folder that the package is in."""
    found: set[Message] = set()
    for path in sorted(root.rglob("*.py")):
        module = path.relative_to(root.parent).as_posix()
        found.update(_find_in(ast.parse(path.read_text(encoding="utf-8")), module))
    return sorted(found)


def _find_in(tree: ast.Module, module: str) -> Iterator[Message]:
    functions = [each for each in ast.walk(tree) if isinstance(each, Function)]
    makers = {**dict(_find_makers(functions)), **MAKERS}
    for scope in functions:
        names = dict(_find_texts(scope))
        for call in _calls_in(scope):
            maker = makers.get(_name_of(call.func) or "")
            if maker is not None:
                yield from _read(call, maker, names, module)


def _find_makers(functions: Iterable[Function]) -> Iterator[tuple[str, Maker]]:
    """Yield the functions that take a code and hand it on."""
    for function in functions:
        parameters = [each.arg for each in function.args.args if each.arg not in ("self", "cls")]
        for call in _calls_in(function):
            inner = MAKERS.get(_name_of(call.func) or "")
            if inner is None:
                continue
            given = {part: _argument(call, inner.places, part) for part in _PARTS}
            places = {
                part: parameters.index(each.id)
                for part, each in given.items()
                if isinstance(each, ast.Name) and each.id in parameters
            }
            own = {part: _texts(each, {}) for part, each in given.items() if part not in places}
            if "code" in places:
                yield function.name, Maker(inner.severity, places, own)


def _read(
    call: ast.Call, maker: Maker, names: Mapping[str, Sequence[str]], module: str
) -> Iterator[Message]:
    parts = {
        part: maker.own.get(part) or _texts(_argument(call, maker.places, part), names)
        for part in _PARTS
    }
    for code in parts["code"]:
        if code and "<" not in code:
            for text in parts["message"] or [DETAILS]:
                for hint in parts["hint"] or [""]:
                    yield Message(code, maker.severity, text, hint, module)


def _argument(call: ast.Call, parts: Mapping[str, int], part: str) -> ast.expr | None:
    named = next((each.value for each in call.keywords if each.arg == part), None)
    if named is not None or part not in parts:
        return named
    return call.args[parts[part]] if len(call.args) > parts[part] else None


def _calls_in(function: Function) -> Iterator[ast.Call]:
    """Yield the calls of a function, without those of functions inside of it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, Function):
            continue
        if isinstance(node, ast.Call):
            yield node
        waiting.extend(ast.iter_child_nodes(node))


def _find_texts(function: Function) -> Iterator[tuple[str, list[str]]]:
    """Yield the names that a function assigns texts to, with all of these."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).extend(_texts(node.value, {}))
    yield from found.items()


def _texts(node: ast.expr | None, names: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """Return the texts that an expression may have."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        return ["".join(_part(value) for value in node.values)]
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body, names), *_texts(node.orelse, names)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [
            left + right
            for left in _texts(node.left, names) or [DETAILS]
            for right in _texts(node.right, names) or [DETAILS]
        ]
    if isinstance(node, ast.Name) and names.get(node.id):
        return names[node.id]
    return [] if node is None else [_placeholder(node)]


def _part(value: ast.expr) -> str:
    if isinstance(value, ast.FormattedValue):
        placeholder = _placeholder(value.value)
        return f"'{placeholder}'" if value.conversion == ord("r") else placeholder
    return str(value.value) if isinstance(value, ast.Constant) else DETAILS


_VERBS = frozenset({"describe", "format", "list", "show"})


def _placeholder(node: ast.expr) -> str:
    """Return what stands for a value: its last name."""
    name = _name_of(node)
    if name is None and isinstance(node, ast.Call):
        name = _name_of(node.func)
        if name in ("len", "str", "repr", "sorted", "join") and node.args:
            return _placeholder(node.args[0])
    if name is None and isinstance(node, ast.Subscript):
        return _placeholder(node.value)
    if name == "nearest":
        return "Did you mean <name>?"
    if name is None or name.strip("_") in _UNTELLING:
        return DETAILS
    words = name.strip("_").lower().split("_")
    # A function that formats a value is named by a verb and that value (`describe_age`).
    return f"<{' '.join(words[1:] if len(words) > 1 and words[0] in _VERBS else words)}>"


def _name_of(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None
