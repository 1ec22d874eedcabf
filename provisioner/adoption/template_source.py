"""Reads the resource types and names that an ARM template or a compiled Bicep file deploys.

Names often come from parameters of the deployment, which the file does not hold. A name is
therefore a pattern: the literal text of the template has to match, and an expression that only a
deployment can evaluate matches any text. `cli/adopt.py` calls it, and `workflow/adopt.py` selects
the live resources that match.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.catalog.deployment import DEPLOYMENT_TYPE
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.json_source import read_json
from provisioner.model.resource_id import ResourceId

MOST_TEMPLATES = 1_000
_TEXT = re.compile(r"'((?:[^']|'')*)'")
_EXTENSION_MARK = "/providers/"
_PLACEHOLDER = re.compile(r"\{\d+\}")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A resource that a template deploys: its type, and a pattern of its full name.

    A child is named with its parent (`vnet/snet`). `written` is the name as the template has it.

    An extension resource may be written with the resource that it extends: the type
    `NAMESPACE/vaults/providers/locks`, named `kv/NAMESPACE/keep` ("Set scope for extension
    resources in ARM templates": the form before `scope`).
    """

    type: str
    name: re.Pattern[str]
    written: str

    def holds(self, resource: ResourceId) -> bool:
        """Return whether a resource may be the one."""
        kind, names = resource.type, "/".join(resource.names)
        scope = resource.scope
        if _EXTENSION_MARK in self.type.lower() and scope is not None:
            namespace, _, rest = resource.type.partition("/")
            kind = f"{scope.type}{_EXTENSION_MARK}{rest}"
            names = "/".join((*scope.names, namespace, *resource.names))
        return kind.lower() == self.type.lower() and self.name.fullmatch(names) is not None


def read_template(text: str, path: str) -> tuple[Pattern, ...]:
    """Return what a template deploys, nested deployments included.

    Raises:
        DiagnosticError: Where the text is not an ARM template, deploys no resources, or has more
            than `MOST_TEMPLATES` nested deployments and resources with children.
    """
    if path.lower().endswith(".bicep"):
        raise DiagnosticError(
            error(
                "not-a-template",
                f"{path} is Bicep, and azsec reads what it is compiled to.",
                None,
                f"Run `az bicep build --file {path}`, and give it the .json that this writes.",
            )
        )
    document = read_json(text, path)
    schema = document.get("$schema") if isinstance(document, Mapping) else None
    if not isinstance(schema, str) or "deploymentTemplate.json" not in schema.replace(
        "subscriptionDeploymentTemplate", "deploymentTemplate"
    ):
        raise DiagnosticError(
            error(
                "not-a-template",
                f"{path} is not an ARM template: it has no `$schema` of one.",
                None,
                "Compile Bicep first: `az bicep build --file main.bicep`.",
            )
        )
    found = tuple(_read_patterns(document, path))
    if not found:
        raise DiagnosticError(error("no-resources", f"{path} deploys no resources."))
    return found


def _read_patterns(root: Mapping[str, Any], path: str) -> Iterator[Pattern]:
    pending: list[tuple[Mapping[str, Any], str, str]] = [(root, "", "")]
    seen = 0
    while pending:
        template, above, outer = pending.pop()
        seen += 1
        # The file comes from outside: what it makes azsec hold is bounded (ADR 0018).
        if seen > MOST_TEMPLATES:
            raise DiagnosticError(
                error(
                    "too-large",
                    f"{path} has more than {MOST_TEMPLATES:,} nested deployments and resources "
                    "with children.",
                    None,
                    "Adopt by --resource-group, without --template.",
                )
            )
        for resource in _resources_of(template.get("resources")):
            kind, written = str(resource.get("type", "")), str(resource.get("name", ""))
            # A nested deployment is no resource to adopt; what its template deploys is. A linked
            # one is not in the file.
            if kind.lower() == DEPLOYMENT_TYPE.lower():
                inner = resource.get("properties")
                nested = inner.get("template") if isinstance(inner, Mapping) else None
                if isinstance(nested, Mapping):
                    pending.append((nested, "", ""))
                continue
            if resource.get("existing") is True or not kind:
                continue
            full_type = f"{above}/{kind}" if above else kind
            name = f"{outer}/{_pattern_of(written)}" if outer else _pattern_of(written)
            # Names of resources ignore case in Azure ("Naming rules and restrictions for Azure
            # resources").
            yield Pattern(full_type, re.compile(name, re.IGNORECASE), written)
            if resource.get("resources"):
                pending.append((resource, full_type, name))


def _resources_of(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield the resources of a template: a list, or an object by symbolic names."""
    entries = value.values() if isinstance(value, Mapping) else value
    for entry in entries if isinstance(entries, (list, type({}.values()))) else ():
        if isinstance(entry, Mapping):
            yield entry


def _pattern_of(written: str) -> str:
    """Return the pattern of a name: its literal text, or the literals of its expression in order.

    Functions are not evaluated; matching ignores case, so `toLower('A')` matches.
    """
    if not written.startswith("[") or written.startswith("[["):
        # `[[` is a literal bracket ("Syntax and expressions in ARM templates", escape characters).
        return re.escape(written.removeprefix("["))
    texts = [text.replace("''", "'") for text in _TEXT.findall(written)]
    joins = re.match(r"\[(format|concat)\(", written)
    if joins is None:
        return r".+"
    if joins[1] == "format" and texts:
        return ".*".join(map(re.escape, _PLACEHOLDER.split(texts[0])))
    if "(" in written[joins.end() :].rstrip(")]"):
        # `concat(parameters('prefix'), '-x')`: names of parameters are string literals too, but no
        # part of the name.
        texts = [t for t in texts if f"('{t}')" not in written]
    return ".*" + ".*".join(map(re.escape, texts)) + ".*"
