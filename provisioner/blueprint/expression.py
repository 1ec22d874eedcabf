"""Expressions: CEL in `${…}`, compiled to the names that they read, and evaluated.

Which properties an expression reads is found statically (`Expression.chains`), so that a value
which Azure will only know after apply makes the whole expression Unknown, whatever the branch,
unless the expression only puts it somewhere (`deferred_expressions`).

Called by `blueprint.evaluation` for files, and by `controls.custom` for the conditions of custom
controls.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeAlias, cast

from provisioner.blueprint import cel_library as cel
from provisioner.blueprint.deferred_expressions import defer_unknown_chains
from provisioner.blueprint.expression_limits import (
    MATCHES,
    Budget,
    BudgetError,
    Meter,
    Metered,
    meter_expression,
    size_of,
)
from provisioner.blueprint.function_calls import call_function
from provisioner.blueprint.functions import FUNCTIONS, STANDARD_FUNCTIONS
from provisioner.blueprint.regular_expressions import matches_part
from provisioner.model.values import (
    ABSENT,
    Absent,
    Bound,
    ResourceValue,
    Sensitive,
    Unknown,
    Value,
    lookup,
    unknowns,
)

_OPERATOR = re.compile(r"^[_@!\-]")
_TOKEN = re.compile(
    r"""(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>[0-9]+)
      | (?P<mark>[^\sA-Za-z0-9_"'])""",
    re.VERBOSE,
)
_BRACE_OR_TEXT = re.compile(r"""[{}]|"(?s:\\.|[^"\\])*"|'(?s:\\.|[^'\\])*'|["']""")
_COMPREHENSIONS = frozenset({"map", "filter", "all", "exists", "exists_one", "existsOne"})


class ExpressionError(Exception):
    """An expression that cannot be read or has no value; the message says why."""


class ExceededError(ExpressionError):
    """An expression that exceeds a bound; the message names it, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A name and the properties read from it: `vault.properties.vaultUri`, `list[0].id`."""

    root: str
    path: tuple[str | int, ...]

    def __str__(self) -> str:
        return self.root + "".join(
            f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path
        )


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression: its CEL text, the chains it reads and the functions it calls.

    `program` is what is run: the text with the calls that count its cost. `reads` are the names
    that must be bound, sorted (those of comprehensions are left out), and the paths of each that
    are read. `lone` is the chain that the whole text is, None where it is more.
    """

    text: str
    program: cel.Program
    metered: Metered
    chains: tuple[Chain, ...]
    functions: tuple[str, ...]
    reads: Mapping[str, "Paths"]
    lone: Chain | None


@lru_cache(maxsize=4096)
def compile_expression(text: str) -> Expression:
    """Compile CEL.

    Raises:
        ExpressionError: For a syntax error.
        ExceededError: For an expression that is too long, nested too deeply, or in a form whose
            cost cannot be counted.
    """
    try:
        metered = meter_expression(text)
        program = cel.compile(text)
        counting = cel.compile(metered.text) if metered.text != text else program
    except BudgetError as problem:
        raise ExceededError(str(problem)) from None
    except ValueError as problem:
        said = str(problem).partition("ERROR: ")[2].splitlines() or [str(problem)]
        said_of = re.sub(r"^<input>:\d+:(\d+): ", r"at character \1: ", said[0])
        raise ExpressionError(f"cannot be read, {said_of.split(' expecting ')[0]}") from None
    references = program.references()
    functions = tuple(name for name in references["functions"] if not _OPERATOR.match(name))
    chains = _member_chains(text, frozenset(references["variables"]))
    reads: dict[str, list[tuple[str | int, ...]]] = {}
    for chain in sorted(chains, key=lambda chain: chain.root):
        reads.setdefault(chain.root, []).append(chain.path)
    lone = next((chain for chain in chains if str(chain) == text), None)
    return Expression(text, counting, metered, chains, functions, reads, lone)


def unknown_functions(expression: Expression) -> tuple[str, ...]:
    """Return the functions that neither CEL nor azsec has."""
    return tuple(
        name
        for name in expression.functions
        if name not in FUNCTIONS and name not in STANDARD_FUNCTIONS
    )


def known_functions() -> list[str]:
    """Return the names of every function an expression may call."""
    return sorted({*FUNCTIONS, *STANDARD_FUNCTIONS})


def _member_chains(text: str, variables: frozenset[str]) -> tuple[Chain, ...]:
    """Find the member chains of an expression whose root is one of its variables."""
    tokens = [(match.lastgroup or "", match.group()) for match in _TOKEN.finditer(text)]
    bound = _comprehension_names(tokens)
    found: dict[Chain, None] = {}
    position = 0
    while position < len(tokens):
        kind, word = tokens[position]
        after_dot = position > 0 and tokens[position - 1][1] == "."
        if kind == "name" and word in variables and word not in bound and not after_dot:
            path, position = _member_path(tokens, position + 1)
            found[Chain(word, path)] = None
        else:
            position += 1
    return tuple(found)


def _comprehension_names(tokens: Sequence[tuple[str, str]]) -> frozenset[str]:
    """Return the names that macros bind: `p` in `pools.map(p, p.name)`."""
    return frozenset(
        tokens[index + 3][1]
        for index in range(len(tokens) - 3)
        if tokens[index][1] == "."
        and tokens[index + 1][1] in _COMPREHENSIONS
        and tokens[index + 2][1] == "("
        and tokens[index + 3][0] == "name"
    )


def _member_path(
    tokens: Sequence[tuple[str, str]], position: int
) -> tuple[tuple[str | int, ...], int]:
    """Read `.name`, `["name"]` and `[0]` from `position`; stop at a call or a computed index."""
    path: list[str | int] = []
    while position + 1 < len(tokens):
        mark, (kind, word) = tokens[position][1], tokens[position + 1]
        follows = tokens[position + 2][1] if position + 2 < len(tokens) else ""
        if mark == "." and kind == "name" and follows != "(":
            path.append(word)
            position += 2
        elif mark == "[" and kind in ("text", "number") and follows == "]":
            path.append(int(word) if kind == "number" else word[1:-1])
            position += 3
        else:
            break
    return tuple(path), position


Paths: TypeAlias = Sequence[tuple[str | int, ...]]

Lookup: TypeAlias = Callable[[str], Mapping[str, Value] | None]
"""Gives what is known of the resource at an address (`id`, `name`, `type` and its body), or None
where it will only exist after apply."""


def evaluate(
    expression: Expression,
    scope: Mapping[str, Bound],
    known: Lookup,
    budget: Budget | None = None,
) -> Value:
    """Return the value of an expression, or Unknown where it reads what is not known yet.

    `scope` binds the expression's names; `budget` is charged with what the evaluation costs
    (default: one of its own). Raises ExpressionError where it has no value.

    Raises:
        ExceededError: Where it costs more than is left or makes a value larger than `MAX_VALUE`.
    """
    budget = Budget() if budget is None else budget
    try:
        return _evaluate_known(expression, scope, known, budget)
    except BudgetError as problem:
        raise ExceededError(str(problem)) from None


def _evaluate_known(
    expression: Expression, scope: Mapping[str, Bound], known: Lookup, budget: Budget
) -> Value:
    if expression.lone is not None:
        read = _value_of_chain(scope[expression.lone.root], expression.lone, known)
        if _is_scalar(read):
            # Most expressions of a blueprint are a name or a property, and CEL is not needed.
            Meter(expression.metered, budget, 0).start()
            budget.charge_value(read)
            return cast("Value", read)
    unknown = {
        chain: paths
        for chain in expression.chains
        if (paths := _unknown_paths(scope[chain.root], chain, known))
    }
    if unknown:
        secret = [chain for chain in unknown if _reads_sensitive(scope[chain.root], chain, known)]
        if secret:
            return _sensitive_value(expression, scope, known, unknown, secret, budget)
        around = _evaluate_around(expression, scope, known, list(unknown), budget)
        if not isinstance(around, Absent):
            return around
        told = {path for found in unknown.values() for path in found}
        result = _unknown_of(expression, scope, tuple(sorted(told)))
        budget.charge_value(result)
        return result
    variables = {
        name: _plain_data(scope[name], known, paths) for name, paths in expression.reads.items()
    }
    return _execute_program(expression, variables, budget)


def _reads_sensitive(bound: Bound, chain: Chain, known: Lookup) -> bool:
    found = _value_of_chain(bound, chain, known)
    return any(isinstance(each, Sensitive) for each in unknowns(found))


def _value_of_chain(bound: Bound, chain: Chain, known: Lookup) -> Any:  # noqa: ANN401
    """Return what a chain reads; an Unknown on the way where there is one."""
    current: Any = bound
    for step in chain.path:
        if isinstance(current, ResourceValue):
            current = known(current.address)
        if isinstance(current, Unknown):
            return current
        current = _value_below(current, (step,))
    return current


def _is_scalar(value: object) -> bool:
    """Return whether CEL gives a value as it is: a text, a boolean or a number of 64 bits."""
    kind = value.__class__
    if kind is int:
        return -(2**63) <= cast("int", value) < 2**63
    return kind is str or kind is bool


def _sensitive_value(
    expression: Expression,
    scope: Mapping[str, Bound],
    known: Lookup,
    unknown: Mapping[Chain, Sequence[str]],
    secret: Sequence[Chain],
    budget: Budget,
) -> Value:
    """Return the value of an expression that reads what no document shows.

    Where the expression is nothing but a name, that is the value it reads; else all of it is
    sensitive, whatever the expression makes of that.
    """
    if expression.lone is not None:
        value = _plain_value(_value_of_chain(scope[expression.lone.root], expression.lone, known))
        budget.charge_value(value)
        return value
    paths = tuple(sorted({path for chain in secret for path in unknown[chain]}))
    found = _unknown_of(expression, scope, paths)
    budget.charge_value(found)
    return Sensitive(found.expression, found.where, found.paths)


def _plain_value(value: object) -> Value:
    if isinstance(value, Mapping):
        return {key: _plain_value(value[key]) for key in sorted(value)}
    if isinstance(value, (list, tuple)):
        return [_plain_value(item) for item in value]
    return value  # type: ignore[return-value]


def _execute_program(
    expression: Expression, variables: Mapping[str, object], budget: Budget
) -> Value:
    """Run an expression within its budget.

    Raises:
        ExpressionError: Where it has no value.
        BudgetError: Where it exceeds its budget.
        KeyboardInterrupt: Where the user interrupts it.
    """
    meter = Meter(expression.metered, budget, sum(map(size_of, variables.values())))
    meter.start()
    failures: list[str] = []
    functions: dict[str, Callable[..., Any]] = {
        name: partial(_call_metered, name, meter, failures)
        for name in expression.functions
        if name in FUNCTIONS
    }
    functions[MATCHES] = partial(_call_function, matches_part, failures)
    try:
        result = expression.program.execute(
            cel.Context(dict(variables), {**functions, **meter.functions})
        )
    except KeyError as problem:
        raise ExpressionError(f"there is no {problem.args[0]!r} in what it reads") from None
    except (ArithmeticError, RuntimeError, TypeError, ValueError, IndexError) as problem:
        if meter.failure:
            raise BudgetError(meter.failure) from None
        if "Python function call failed: KeyboardInterrupt" in str(problem):
            raise KeyboardInterrupt from None
        if failures:  # what failed first: CEL then went on with the null that stood for it
            raise ExpressionError(failures[0]) from None
        raise ExpressionError(str(problem).partition(". CEL ")[0]) from None
    if meter.failure:
        raise BudgetError(meter.failure)
    if failures:
        raise ExpressionError(failures[0])
    budget.charge_value(result)
    return _in_order(result)


def _evaluate_around(
    expression: Expression,
    scope: Mapping[str, Bound],
    known: Lookup,
    unknown: list[Chain],
    budget: Budget,
) -> Value | Absent:
    """Return the value of an expression that only puts unknown values somewhere.

    Each of them is in its place, or null where the expression chooses to set nothing. ABSENT where
    it does more with one of them, or is nothing but one.
    """
    holed = defer_unknown_chains(expression.text, [str(chain) for chain in unknown])
    if holed is None:
        return ABSENT
    value = _evaluate_known(compile_expression(holed.text), scope, known, budget)
    if value is not None and not isinstance(value, (Mapping, list)):
        return ABSENT
    fill = {
        mark: _evaluate_known(compile_expression(chain), scope, known, budget)
        for mark, chain in holed.holes.items()
    }
    return _fill_in(value, fill)


def _fill_in(value: Value, fill: Mapping[str, Value]) -> Value:
    if isinstance(value, Mapping):
        return {key: _fill_in(item, fill) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_fill_in(item, fill) for item in value]
    return fill.get(value, value) if isinstance(value, str) else value


def _in_order(value: object) -> Value:
    """Return a value with its keys sorted: CEL gives those of a map in another order each time.

    Raises:
        ExpressionError: For what JSON cannot hold: CEL has times, bytes, infinity and keys that are
            numbers, and a request to Azure has none of them.
    """
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise ExpressionError("gives a map with a key that is not a string")
        return {key: _in_order(value[key]) for key in sorted(value)}
    if isinstance(value, (list, tuple)):
        return [_in_order(item) for item in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    shown = str(value) if isinstance(value, float) else f"a {type(value).__name__}"
    raise ExpressionError(f"gives {shown}, which JSON cannot hold")


def resolve(value: Value, known: Lookup) -> Value:
    """Return `value` with every Unknown replaced that `known` has an answer to by now.

    Raises ExpressionError for an Unknown whose expression turns out to have no value.
    """
    if isinstance(value, Unknown):
        expression = compile_expression(value.expression)
        return evaluate(
            expression, {n: _resolve_bound(b, known) for n, b in value.where.items()}, known
        )
    if isinstance(value, Mapping):
        return {key: resolve(item, known) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [resolve(item, known) for item in value]
    return value


def _resolve_bound(bound: Bound, known: Lookup) -> Bound:
    if isinstance(bound, ResourceValue):
        return bound
    if isinstance(bound, Mapping):
        return {key: _resolve_bound(item, known) for key, item in bound.items()}
    if isinstance(bound, (list, tuple)):
        return [_resolve_bound(item, known) for item in bound]
    return resolve(bound, known)  # type: ignore[arg-type]


def _call_function(
    function: Callable[..., object], failures: list[str], *arguments: object
) -> object:
    """Call one of azsec's functions; note a refusal here, because CEL logs what is raised."""
    try:
        return function(*arguments)
    except (ValueError, TypeError, AttributeError) as problem:
        failures.append(str(problem).removesuffix("."))  # what shows it ends the sentence
        return None


def _call_metered(name: str, meter: Meter, failures: list[str], *arguments: object) -> object:
    """Call one of azsec's functions and charge for its result.

    Nothing else bounds a value that one function makes larger for the next.
    """
    if meter.failure is not None or failures:
        return None
    value = _call_function(partial(call_function, name, FUNCTIONS[name]), failures, arguments)
    meter.result(value)
    return value


def _unknown_of(
    expression: Expression, scope: Mapping[str, Bound], paths: tuple[str, ...]
) -> Unknown:
    where = {name: _narrow_to_paths(scope[name], read) for name, read in expression.reads.items()}
    return Unknown(expression.text, where, paths)


def _keys_entered(keys: Iterable[str], paths: Paths) -> list[str]:
    """Return the keys of a mapping that the paths enter; all, where one ends at the mapping."""
    if any(not path for path in paths):
        return list(keys)
    return [key for key in keys if any(path[0] == key for path in paths)]


def _narrow_to_paths(bound: Bound, paths: Paths) -> Bound:
    """Keep of a mapping (a module's outputs) only the entries that the paths enter."""
    if not isinstance(bound, Mapping):
        return bound
    return {key: bound[key] for key in _keys_entered(bound, paths)}


def _unknown_paths(bound: Bound, chain: Chain, known: Lookup) -> list[str]:
    """Return the unknown parts of what a chain reads, as paths for a person."""
    current: Any = bound
    for position, step in enumerate(chain.path):
        if isinstance(current, (Unknown, ResourceValue)):
            return _unknown_below(current, chain.path[position:], known)
        try:
            current = current[step]
        except (KeyError, IndexError, TypeError):
            return []
    return _unknown_inside(current, known)


def _unknown_below(
    bound: Unknown | ResourceValue, path: tuple[str | int, ...], known: Lookup
) -> list[str]:
    if isinstance(bound, Unknown):
        return list(bound.paths)
    body = known(bound.address)
    readable = str(Chain(bound.address, path))
    if body is None:
        return [readable]
    found = _value_below(body, path)
    if found is ABSENT:
        return [readable]
    return _unknown_inside(found, known)


def _value_below(body: object, path: tuple[str | int, ...]) -> object:
    for step in path:
        if isinstance(body, Unknown):
            return body
        if isinstance(step, int):
            if not isinstance(body, (list, tuple)) or step >= len(body):
                return ABSENT
            body = body[step]
        else:
            body = lookup(body, (step,))
            if body is ABSENT:
                return ABSENT
    return body


def _unknown_inside(value: object, known: Lookup) -> list[str]:
    if isinstance(value, Unknown):
        return list(value.paths)
    if isinstance(value, ResourceValue):
        return [] if known(value.address) is not None else [value.address]
    children: Iterable[object] = ()
    if isinstance(value, (list, tuple)):
        children = value
    elif value.__class__ not in _LEAVES and isinstance(value, Mapping):
        children = value.values()
    return [
        path
        for child in children
        if child.__class__ not in _LEAVES
        for path in _unknown_inside(child, known)
    ]


_LEAVES = frozenset({str, int, float, bool, type(None)})


def _plain_data(bound: object, known: Lookup, paths: Paths) -> object:
    """Return of `bound` what the paths enter, as the plain data that CEL reads.

    Only that is looked at, because the rest of a resource may depend on what asks for it. What is
    not known is left out.
    """
    if isinstance(bound, (list, tuple)):
        below = [path[1:] for path in paths]
        return [
            item if item.__class__ in _LEAVES else _plain_data(item, known, below) for item in bound
        ]
    if isinstance(bound, ResourceValue):
        found_body = known(bound.address)
        bound = {} if found_body is None else found_body
    if isinstance(bound, Mapping):
        names = [step for path in paths for step in path[:1] if isinstance(step, str)]
        keys = _keys_entered(bound, paths) if any(not path for path in paths) else names
        found = {key: lookup(bound, (key,)) for key in keys}
        return {
            key: _plain_data(item, known, [p[1:] for p in paths if not p or p[0] == key])
            for key, item in found.items()
            if item is not ABSENT and not isinstance(item, Unknown)
        }
    return None if isinstance(bound, Unknown) else bound


@dataclass(frozen=True, slots=True)
class Template:
    """A text with expressions in it. `parts` alternate; a lone expression keeps its type."""

    parts: tuple[str | Expression, ...]

    @property
    def expression(self) -> Expression | None:
        """The template as one expression; None where it is a plain text."""
        if len(self.parts) == 1 and isinstance(self.parts[0], Expression):
            return self.parts[0]
        if all(isinstance(part, str) for part in self.parts):
            return None
        return compile_expression(
            " + ".join(
                _quote_text(part) if isinstance(part, str) else f"string({part.text})"
                for part in self.parts
            )
        )

    @property
    def text(self) -> str:
        """The text, where there is no expression in it."""
        return "".join(part for part in self.parts if isinstance(part, str))


def _quote_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


@lru_cache(maxsize=4096)
def parse_template(text: str) -> Template:
    """Split `text` at its `${…}`; `$${` stands for the characters themselves.

    Raises ExpressionError for an expression that does not end or cannot be read.
    """
    parts: list[str | Expression] = []
    plain = ""
    position = 0
    while (start := text.find("${", position)) >= 0:
        if start > position and text[start - 1] == "$":
            plain += text[position : start - 1] + "${"
            position = start + 2
            continue
        plain += text[position:start]
        end = _closing_brace(text, start + 2)
        if plain:
            parts.append(plain)
            plain = ""
        parts.append(compile_expression(text[start + 2 : end].strip()))
        position = end + 1
    plain += text[position:]
    if plain or not parts:
        parts.append(plain)
    return Template(tuple(parts))


def _closing_brace(text: str, position: int) -> int:
    depth = 1
    for mark in _BRACE_OR_TEXT.finditer(text, position):
        if mark.group() in ("'", '"'):
            break  # a text that does not end
        if mark.group() == "{":
            depth += 1
        elif mark.group() == "}":
            depth -= 1
            if depth == 0:
                return mark.start()
    raise ExpressionError("does not end: a closing brace is missing")
