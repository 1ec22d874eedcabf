"""Refuses secrets in files: in every text of a file, and in every value of an expression.

`provisioner.model.secret_values` defines what a secret is. What is in a file ends in plans, pull
requests and logs, so there is no exception for tags, reasons, names or keys.

Called while files are read and bodies are composed.
"""

from collections.abc import Iterator

from provisioner.blueprint.yaml_source import Node
from provisioner.model.diagnostic import Diagnostic, error
from provisioner.model.secret_values import NAMED, SecretFound, find_secrets, secret_in
from provisioner.model.span import Span

HINT = "Remove it: use a managed identity, or let Azure generate it."
_WRAPPERS = frozenset({"resources", "resourceGroups"})


def check_file(plain: object, root: Node) -> Iterator[Diagnostic]:
    """Yield each secret in the texts and keys of a file, with its place.

    `plain` is its `root` as data. What is an expression is judged by its value, once it has one.
    """
    for found in find_secrets(plain):
        if found.kind == NAMED and "${" in found.text:
            continue
        shown = found.path[2:] if found.path[0] in _WRAPPERS else found.path
        yield secret_error(shown, found, _span_of_secret(root, found))


def check_values(value: object, node: Node, name: str = "") -> Iterator[Diagnostic]:
    """Yield each secret in a value that was evaluated from `node` and stands under `name`."""
    for found in find_secrets(value, name):
        yield secret_error(found.path or (name,), found, _span_of_secret(node, found))


def check_result(value: object, span: Span) -> Iterator[Diagnostic]:
    """Yield each secret, known by its shape, in the value of an expression."""
    if isinstance(value, str):
        kind = secret_in(value)
        if kind is not None:
            yield error("secret", f"the value holds {kind}, and no file may hold one.", span, HINT)
    elif isinstance(value, (dict, list, tuple)):
        for found in find_secrets(value):
            yield secret_error(found.path, found, span)


def secret_error(path: tuple[str | int, ...], found: SecretFound, span: Span) -> Diagnostic:
    """Return the diagnostic of one secret."""
    said = "is a secret" if found.kind == NAMED else f"holds {found.kind}"
    readable = readable_path(path)
    return error("secret", f"{readable} {said}, and no file may hold one.", span, HINT)


def readable_path(path: tuple[str | int, ...]) -> str:
    """Return a path as diagnostics write it: `properties.rules[0].name`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or "the value"


def _span_of_secret(root: Node, found: SecretFound) -> Span:
    parent = root.find(found.path[:-1])
    last = found.path[-1] if found.path else ""
    if found.is_key or found.kind == NAMED:
        return parent.key_spans.get(str(last), root.find(found.path).span)
    return root.find(found.path).span
