"""The parameter values that a command is given: `--set`, `--parameters` and `AZSEC_PARAM_name`.

In the order in which they count: `--set` and `--set-file`, `--parameters FILE` (a later file before
an earlier one), the environment's file, and environment variables `AZSEC_PARAM_name`, which only
give what nothing else does: no variable of a job changes what a reviewed file states.

All of them are plain data. Where the parameter is a text, a value is taken as it is written (`1.30`
is a version, and no number); for other types it is read as YAML.

Called by the commands before the environment is composed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from provisioner.blueprint.composed_files import load_blueprint
from provisioner.blueprint.environment import Environment
from provisioner.blueprint.file_schemas import Parameter, Sources
from provisioner.blueprint.yaml_source import Node, Plain, parse_yaml
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, nearest, warning
from provisioner.model.secret_values import mask_value
from provisioner.model.span import Span
from provisioner.model.values import Json

VARIABLE = "AZSEC_PARAM_"
"""What the name of an environment variable begins with that gives a parameter."""

_TEXTS = frozenset({"string", "guid", "cidr", "ipAddress", "resourceId"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Source(StrEnum):
    """The way in which a value was given."""

    SET = "--set"
    SET_FILE = "--set-file"
    PARAMETERS = "--parameters"
    VARIABLE = "environment variable"
    PLAN = "plan file"


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """A value as a command was given it: `content` is a text that is not read yet, or a node.

    `where` says where it comes from, for messages: `--set location`, `prod.yaml:3:11`."""

    name: str
    content: str | Node
    source: Source
    where: str

    @property
    def is_fallback(self) -> bool:
        """Whether it counts only where nothing else gives the parameter."""
        return self.source is Source.VARIABLE


def read_assignment(text: str, source: Source) -> tuple[str, str]:
    """Return name and value of `name=value`.

    Raises:
        DiagnosticError: Where the text is no such assignment (`wrong-assignment`).
    """
    name, equals, value = text.partition("=")
    if not equals or not _NAME.fullmatch(name):
        form = "name=FILE" if source is Source.SET_FILE else "name=value"
        raise DiagnosticError(
            error(
                "wrong-assignment",
                f"{source} {name!r} names no parameter and a value for it.",
                None,
                f"Expected {source} {form}, with the name of a parameter of the blueprint.",
            )
        )
    return name, value


def read_parameter_file(path: str, text: str) -> Iterator[ParameterValue]:
    """Yield the values in a file of parameters: a mapping of name to value.

    Raises:
        DiagnosticError: For another shape, and for expressions: the file gives plain data.
    """
    root = parse_yaml(text, path)
    if not isinstance(root.value, Mapping):
        raise DiagnosticError(
            error(
                "invalid-file",
                "this is not a mapping.",
                root.span,
                "Expected the names of parameters, each with its value.",
            )
        )
    for node in root.walk():
        for told, span in ((node.value, node.span), *node.key_spans.items()):
            if isinstance(told, str) and "${" in told:
                raise DiagnosticError(
                    error(
                        "bad-expression",
                        f"the value holds the expression {told!r}.",
                        span,
                        "A file of parameters holds plain data: state the value.",
                    )
                )
    for name, node in root.entries.items():
        span = root.key_spans[name]
        yield ParameterValue(name, node, Source.PARAMETERS, f"{path}:{span.line}:{span.column}")


def read_variables(variables: Mapping[str, str]) -> Iterator[ParameterValue]:
    """Yield the values in environment variables, in the order of their names."""
    for variable in sorted(variables):
        if variable.startswith(VARIABLE) and len(variable) > len(VARIABLE):
            name = variable.removeprefix(VARIABLE)
            yield ParameterValue(name, variables[variable], Source.VARIABLE, variable)


def recorded_value(name: str, value: Json, where: str) -> ParameterValue:
    """Return a value as a plan file recorded it, with what it came from."""
    return ParameterValue(name, _literal_node(value, Span(where, 0, 0)), Source.PLAN, where)


def check_unique(values: Iterable[ParameterValue]) -> None:
    """Check that no parameter is set twice on the command line.

    Nobody could decide which of them was meant.

    Raises:
        DiagnosticError: Where one is (`set-twice`).
    """
    seen: dict[str, ParameterValue] = {}
    for value in values:
        first = seen.setdefault(value.name, value)
        if first is not value:
            raise DiagnosticError(
                error(
                    "set-twice",
                    f"the parameter {value.name!r} is given by {first.source} and by "
                    f"{value.source}.",
                    None,
                    "Leave out one of them.",
                )
            )


def with_given_values(
    environment: Environment, values: Iterable[ParameterValue], sources: Sources
) -> Environment:
    """Return an environment with the values that a command was given.

    Each counts more than those before it, and a fallback less than all others.

    Raises:
        DiagnosticError: For a name that is no parameter of the blueprint (a fallback may be meant
            for another one), and for a text that is not YAML where the type takes that.
    """
    given = list(values)
    if not given:
        return environment
    parameters = load_blueprint(environment, sources)[0].parameters
    taken: dict[str, ParameterValue] = {}
    for value in sorted(given, key=lambda value: not value.is_fallback):
        if value.name not in parameters:
            if not value.is_fallback:
                raise DiagnosticError(_unknown_parameter(value, environment.blueprint, parameters))
        elif not (value.is_fallback and value.name in environment.stated_parameters):
            content = _read_value(value, parameters[value.name])
            taken[value.name] = replace(value, content=content)
    nodes = {name: taken[name].content for name in sorted(taken)}
    return replace(
        environment,
        given={name: node for name, node in nodes.items() if isinstance(node, Node)},
        given_by={name: taken[name].where for name in nodes},
    )


def describe_given_values(environment: Environment) -> Iterator[Diagnostic]:
    """Yield a warning for each value that no file of the environment states."""
    for name, node in environment.given.items():
        shown = repr(mask_value(plain_value(node), name))
        shown = shown if len(shown) <= 80 else f"{shown[:79]}…"
        yield warning(
            "parameter-from-command",
            f"the parameter {name!r} is {shown}, given by {environment.given_by[name]}.",
            None,
            "It is part of the plan's digest.",
        )


def plain_value(node: Node) -> Plain:
    """Return a given value as it was written."""
    return _unescape_value(node.plain())


def _unescape_value(value: Plain) -> Plain:
    if isinstance(value, str):
        return value.replace("$${", "${")
    if isinstance(value, list):
        return [_unescape_value(item) for item in value]
    if isinstance(value, dict):
        return {key.replace("$${", "${"): _unescape_value(item) for key, item in value.items()}
    return value


def _unknown_parameter(
    value: ParameterValue, blueprint: str, known: Mapping[str, Parameter]
) -> Diagnostic:
    return error(
        "unknown-parameter",
        f"{value.where}: {blueprint} has no parameter {value.name!r}.",
        None,
        nearest(value.name, list(known)) if known else "It has none.",
    )


def _read_value(value: ParameterValue, spec: Parameter) -> Node:
    if isinstance(value.content, Node):
        return value.content
    place = Span(value.where, 0, 0)
    if spec.type in _TEXTS or (spec.type == "any" and value.source is Source.SET_FILE):
        return _literal_node(value.content, place)
    if not value.content.strip():
        return Node(None, place)
    file = value.where.rpartition("=")[2] if value.source is Source.SET_FILE else value.where
    read = parse_yaml(value.content, file)
    return _literal_node(read.plain(), read.span if value.source is Source.SET_FILE else place)


def _literal_node(value: Json, place: Span) -> Node:
    """Return a value as a node in which nothing is an expression."""
    if isinstance(value, str):
        return Node(value.replace("${", "$${"), place)
    if isinstance(value, Sequence):
        return Node(tuple(_literal_node(item, place) for item in value), place)
    if isinstance(value, Mapping):
        entries = {
            key.replace("${", "$${"): _literal_node(item, place) for key, item in value.items()
        }
        return Node(entries, place, dict.fromkeys(entries, place))
    return Node(value, place)
