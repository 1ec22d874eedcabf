"""ARM templates: their parts, read and checked as a whole before anything is evaluated.

Every function, parameter and variable that an expression names must exist, in nested templates too.
Azure validates likewise before the first write, so a misspelt name in the last resource creates
nothing. Parts of the language that the built-in Azure does not implement are refused, never
ignored.

Source: "Understand the structure and syntax of ARM templates", "ARM template limits".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.catalog.deployment import MOST_OUTPUTS, MOST_PARAMETERS, MOST_RESOURCES
from provisioner.simulator.template_language.copies import has_inner_scope, is_deployment
from provisioner.simulator.template_language.expressions import arity, check_count
from provisioner.simulator.template_language.functions import PLAIN_FUNCTIONS
from provisioner.simulator.template_language.resource_ids import id_functions
from provisioner.simulator.template_language.syntax import Call, Literal, calls_of, parse_expression
from provisioner.simulator.template_language.template_errors import (
    InvalidTemplateError,
    Path,
    TemplateError,
    UnknownFunctionError,
    Value,
)
from provisioner.simulator.template_language.user_functions import (
    UserFunction,
    read_user_functions,
)

_PARTS = frozenset(
    {
        "$schema", "apiProfile", "contentVersion", "definitions", "functions", "languageVersion",
        "metadata", "outputs", "parameters", "resources", "variables",
    }
)  # fmt: skip
_SYMBOLIC = "2.0"
CONTEXT_FUNCTIONS: Mapping[str, tuple[int, int]] = {
    "copyindex": (0, 2),
    "deployer": (0, 0),
    "deployment": (0, 0),
    "environment": (0, 0),
    "lambdavariables": (1, 1),
    "managementgroup": (0, 0),
    "newguid": (0, 0),
    "parameters": (1, 1),
    "pickzones": (3, 5),
    "tologicalzone": (3, 3),
    "tologicalzones": (3, 3),
    "tophysicalzone": (3, 3),
    "tophysicalzones": (3, 3),
    "providers": (1, 2),
    "reference": (1, 3),
    "references": (1, 3),
    "resourcegroup": (0, 0),
    "resourceinfo": (1, 1),
    "subscription": (0, 0),
    "tenant": (0, 0),
    "utcnow": (0, 1),
    "variables": (1, 1),
}
"""Functions that depend on their position, by lower-case name, with the least and greatest number
of arguments; each name that starts with `list` is one too."""
_ONLY_IN_DEFAULTS = frozenset({"newguid", "utcnow"})
_EVALUATED_AT_START = frozenset(
    {
        "apiVersion", "condition", "copy", "dependsOn", "name", "resourceGroup", "scope",
        "subscriptionId", "type",
    }
)  # fmt: skip
"""What of a resource is evaluated before anything is deployed."""


@dataclass(frozen=True, slots=True)
class DeclaredResource:
    """A resource as a template declares it.

    `symbol` is its symbolic name, "" in a list of resources. `parents` are the resources that it is
    nested in, outermost first.
    """

    entry: Mapping[str, Any]
    path: Path
    symbol: str = ""
    parents: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """A template, read and checked.

    `is_symbolic`: its resources have symbolic names (language version 2.0). Names of `functions`
    are in lower case, with their namespace.
    """

    resources: tuple[DeclaredResource, ...]
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    definitions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    functions: Mapping[str, UserFunction] = field(default_factory=dict)
    is_symbolic: bool = False


def is_runtime(function: str) -> bool:
    """Return whether a function reads resources, and so is evaluated during the deployment."""
    name = function.lower()
    return name in ("reference", "references") or (name.startswith("list") and name != "list")


def read_template(document: Value, path: Path = ()) -> Template:
    """Return a template; templates nested in it are checked too.

    `path` is the position of the template in the document, for the error.

    Raises:
        InvalidTemplateError: a part is unknown, malformed or over a limit, or a name does not
            exist.
    """
    if not isinstance(document, Mapping) or "$schema" not in document:
        raise InvalidTemplateError("The template has no '$schema'", path)
    for part in document:
        if part not in _PARTS:
            raise InvalidTemplateError(
                f"The built-in Azure does not know '{part}' in a template", (*path, part)
            )
    version = document.get("languageVersion")
    if version not in (None, "1.0", _SYMBOLIC):
        raise InvalidTemplateError(
            f"The language version '{version}' is not supported; '{_SYMBOLIC}' is",
            (*path, "languageVersion"),
        )
    template = Template(
        resources=tuple(_read_resources(document, path)),
        parameters=_object_section(document, "parameters", path),
        variables=_variables_section(document, path),
        outputs=_object_section(document, "outputs", path),
        definitions=_object_section(document, "definitions", path),
        functions=read_user_functions(document.get("functions") or [], (*path, "functions")),
        is_symbolic=isinstance(document["resources"], Mapping),
    )
    _check_sizes(template, path)
    _check_calls(document, template, path)
    return template


def _object_section(
    document: Mapping[str, Any], name: str, path: Path
) -> Mapping[str, Mapping[str, Any]]:
    found = document.get(name) or {}
    if not isinstance(found, Mapping) or not all(isinstance(v, Mapping) for v in found.values()):
        raise InvalidTemplateError(f"'{name}' must be an object of objects", (*path, name))
    return found


def _variables_section(document: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    found = document.get("variables") or {}
    if not isinstance(found, Mapping):
        raise InvalidTemplateError("'variables' must be an object", (*path, "variables"))
    return found


def _read_resources(document: Mapping[str, Any], path: Path) -> Iterator[DeclaredResource]:
    """Yield the resources that a template declares, each followed by its children.

    Raises:
        InvalidTemplateError: `resources` is not the collection that the language version wants.
    """
    found = document.get("resources")
    at = (*path, "resources")
    if isinstance(found, Mapping):
        if document.get("languageVersion") != _SYMBOLIC:
            raise InvalidTemplateError(
                f"An object of 'resources' wants the language version '{_SYMBOLIC}'", at
            )
        for symbol, entry in found.items():
            yield from _read_resource(entry, (*at, symbol), symbol, ())
        return
    if not isinstance(found, list):
        raise InvalidTemplateError("The template has no list of 'resources'", path)
    if document.get("languageVersion") == _SYMBOLIC:
        raise InvalidTemplateError(f"The language version '{_SYMBOLIC}' wants an object", at)
    for index, entry in enumerate(found):
        yield from _read_resource(entry, (*at, index), "", ())


def _read_resource(
    entry: Value, path: Path, symbol: str, parents: tuple[Mapping[str, Any], ...]
) -> Iterator[DeclaredResource]:
    if not isinstance(entry, Mapping):
        raise InvalidTemplateError("A resource must be an object", path)
    if "import" in entry or "extension" in entry:
        raise InvalidTemplateError(
            "The built-in Azure does not know resources of Bicep extensions", path
        )
    for key in ("type", "name", "apiVersion"):
        if not isinstance(entry.get(key), str):
            raise InvalidTemplateError(f"A resource has no '{key}'", path)
    yield DeclaredResource(entry, path, symbol, parents)
    children = entry.get("resources") or ()
    if children and symbol:
        raise InvalidTemplateError(
            "The built-in Azure does not know resources inside of one with a symbolic name", path
        )
    if not isinstance(children, (list, tuple)):
        raise InvalidTemplateError("The 'resources' of a resource must be a list", path)
    if children and "copy" in entry:
        raise InvalidTemplateError("A resource in a copy loop cannot hold child resources", path)
    for index, child in enumerate(children):
        yield from _read_resource(child, (*path, "resources", index), "", (*parents, entry))


def _check_sizes(template: Template, path: Path) -> None:
    sizes = (
        ("resources", len(template.resources), MOST_RESOURCES),
        ("parameters", len(template.parameters), MOST_PARAMETERS),
        ("variables", len(template.variables), MOST_PARAMETERS),
        ("outputs", len(template.outputs), MOST_OUTPUTS),
    )
    for name, number, most in sizes:
        if number > most:
            raise InvalidTemplateError(
                f"The number of template {name} '{number}' exceeds the limit of '{most}'",
                (*path, name),
            )


def _check_calls(document: Mapping[str, Any], template: Template, path: Path) -> None:
    """Check that functions, parameters and variables exist and are allowed where they are called.

    Raises:
        TemplateError: one does not, or is not.
    """
    known = {**CONTEXT_FUNCTIONS, **{k: f.arity for k, f in template.functions.items()}}
    declared = {
        "parameters": {name.lower() for name in template.parameters},
        "variables": {name.lower() for name in _variable_names(template.variables)},
    }
    for part, value in document.items():
        if part in ("$schema", "contentVersion", "metadata", "functions"):
            continue
        for call, at in _calls_at(value, (*path, part)):
            try:
                _check_call(call, known, declared, part, at[len(path) :])
            except TemplateError as problem:
                problem.path = at
                raise
    for function in template.functions.values():
        function.check(known)


def _check_call(
    call: Call,
    known: Mapping[str, tuple[int, int | None]],
    declared: Mapping[str, set[str]],
    part: str,
    path: Path,
) -> None:
    name = call.function.lower()
    check_known(call, known)
    if name in declared and isinstance(call.arguments[0], Literal):
        named = call.arguments[0].value
        if str(named).lower() not in declared[name]:
            noun = name.removesuffix("s")
            raise InvalidTemplateError(f"The template {noun} '{named}' is not found")
    is_start = (
        part == "resources"
        and len(path) > 2
        and path[2] in _EVALUATED_AT_START
        # Of nested templates it is their own part that counts, when they are deployed.
        and "template" not in path
    )
    is_early = part in ("parameters", "variables", "definitions") or is_start
    misplaced = name in _ONLY_IN_DEFAULTS and (part != "parameters" or "defaultValue" not in path)
    if misplaced or (is_runtime(name) and is_early):
        raise InvalidTemplateError(
            f"The template function '{call.function}' is not expected at this location. Please see "
            "https://aka.ms/arm-functions for usage details"
        )


def check_known(call: Call, known: Mapping[str, tuple[int, int | None]]) -> None:
    """Check that a called function exists and takes this number of arguments.

    Raises:
        UnknownFunctionError: it does not exist.
    """
    name = call.function.lower()
    if name in PLAIN_FUNCTIONS:
        least, most = arity(PLAIN_FUNCTIONS[name])
    elif name in _ID_FUNCTIONS:
        least, most = arity(_ID_FUNCTIONS[name])
    elif name in known:
        least, most = known[name]
    elif is_runtime(name):
        least, most = 1, 3
    else:
        raise UnknownFunctionError(call.function)
    check_count(call, least, most)


_ID_FUNCTIONS = id_functions(None)


def _variable_names(variables: Mapping[str, Any]) -> Iterator[str]:
    for name, value in variables.items():
        if name.lower() == "copy" and isinstance(value, list):
            yield from (str(loop.get("name")) for loop in value if isinstance(loop, Mapping))
        else:
            yield name


def _calls_at(value: Value, path: Path) -> Iterator[tuple[Call, Path]]:
    """Yield every call with its path; a nested template of inner scope is read as its own.

    Raises:
        TemplateError: an expression is malformed.
    """
    if isinstance(value, str):
        try:
            found = parse_expression(value)
        except TemplateError as problem:
            problem.path = path
            raise
        if found is not None:
            yield from ((call, path) for call in calls_of(found))
    elif isinstance(value, Mapping):
        own: Mapping[str, Any] = value
        properties = value.get("properties")
        is_nested = is_deployment(value) and has_inner_scope(value)
        if is_nested and isinstance(properties, Mapping) and "template" in properties:
            read_template(properties["template"], (*path, "properties", "template"))
            own = {**value, "properties": {**properties, "template": None}}
        for key, item in own.items():
            yield from _calls_at(key, path)
            yield from _calls_at(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _calls_at(item, (*path, index))
