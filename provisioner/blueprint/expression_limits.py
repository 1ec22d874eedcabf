"""The cost of expressions: counted while they run, and bounded.

The CEL library runs in native code that nothing interrupts and that has no budget of its own, so
the text that it gets is not the text of the file: in every comprehension (`map`, `filter`, `all`,
…) the part that is repeated is wrapped in calls of the two functions `STEP` and `RESULT`, which
count. `list.map(x, body)` becomes

    list.map(x, [azsecStep(site)].filter(azsecGo, azsecGo).map(azsecGo, body)
                .filter(azsecValue, azsecResult(azsecValue))[0])

Before a turn, `azsecStep` charges for it and answers false once the budget is used up: the list is
empty then, `[0]` has no value, and the library ends the expression by itself (an exception of a
function would be logged by the library). After a turn, `azsecResult` charges for what it made.
Both are called from native code, so that a signal is obeyed between any two turns.

What an expression costs outside of comprehensions is bounded by its length times the size of what
it reads, and is charged before it runs.

Called by `blueprint.expression`; one budget is shared by all expressions of a composition.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from provisioner.model.diagnostic import Diagnostic, error
from provisioner.model.span import Span
from provisioner.model.values import ResourceValue, Unknown

MAX_EXPRESSION_CHARACTERS = 20_000
MAX_EXPRESSION_NESTING = 40
"""Brackets inside of brackets. The library's parser refuses more than about 90 itself."""
MAX_COST = 3_000_000
"""What the expressions and values of one environment may cost together. A unit is about one
microsecond; an environment of 5,000 resources costs about 1,700,000."""
MAX_VALUE = 500_000
"""The size of one value: its items, entries and texts, a unit for each 16 characters of a text."""

STEP = "azsecStep"
RESULT = "azsecResult"
MATCHES = "azsecMatches"
"""Stands for `matches`, whose own engine is linear too, but compiles a pattern at every call."""

_TURN = 5
_EXPRESSION = 30
_CHARACTER = 2
_COMPREHENSIONS = frozenset({"map", "filter", "all", "exists", "exists_one", "existsOne"})
_OPENING = frozenset("([{")
_CLOSING = frozenset(")]}")
_TOKEN = re.compile(
    r'''(?P<comment>//[^\n]*)
      | (?P<text>[bB]?[rR](?:"""(?s:.)*?"""|\'\'\'(?s:.)*?\'\'\'|"[^"\n\r]*"|'[^'\n\r]*')
               | [bB]?(?:"""(?s:\\.|[^\\])*?"""|\'\'\'(?s:\\.|[^\\])*?\'\'\'
                        |"(?:\\.|[^"\\\n\r])*"|'(?:\\.|[^'\\\n\r])*'))
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>[0-9][0-9.eExXa-fA-FuU]*)
      | (?P<mark>[^\s])''',
    re.VERBOSE,
)
"""CEL's own tokens, raw and triple-quoted texts and comments among them."""


class BudgetError(Exception):
    """A bound was exceeded; the message names it, as the end of a sentence about what did."""


@dataclass(slots=True)
class Budget:
    """What the evaluation of one environment may still cost, in units of about a microsecond."""

    left: int = MAX_COST
    _compiled: set[str] = field(default_factory=set)

    def charge_text(self, text: str) -> None:
        """Charge for compiling a text, once. Raises BudgetError."""
        if text not in self._compiled:
            self._compiled.add(text)
            self.charge(_CHARACTER * len(text))

    def charge(self, cost: int) -> None:
        """Take `cost` off.

        Raises:
            BudgetError: Where nothing is left.
        """
        self.left -= cost
        if self.left < 0:
            raise BudgetError(
                f"costs more than the {MAX_COST:,} steps that the expressions and values of an "
                "environment may take together"
            )

    def charge_value(self, value: object) -> int:
        """Charge for a value, and return its size. Raises BudgetError."""
        size = size_of(value)
        self.charge(size)
        return size


class _Token(NamedTuple):
    kind: str
    word: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, order=True)
class _Edit:
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class ComprehensionSite:
    """One comprehension of an expression.

    It has the number of operations in the part that is repeated, and the site whose repeated part
    contains it (-1: none).
    """

    operations: int
    inside: int


@dataclass(frozen=True, slots=True)
class Metered:
    """An expression whose comprehensions count their turns. `operations` are those of all of it."""

    text: str
    operations: int
    sites: tuple[ComprehensionSite, ...]


class Meter:
    """Counts one run of an expression against a budget; `failure` names the bound that ended it."""

    def __init__(self, metered: Metered, budget: Budget, inputs: int) -> None:
        self.failure: str | None = None
        self._metered = metered
        self._budget = budget
        self._largest = max(inputs, len(metered.text) // 16)
        self._turns = [0] * len(metered.sites)

    def start(self) -> None:
        """Charge for what the expression may do outside of comprehensions. Raises BudgetError."""
        self._budget.charge(_EXPRESSION)
        self._budget.charge_text(self._metered.text)
        self._charge_copies(self._metered.operations)

    @property
    def functions(self) -> Mapping[str, Callable[..., object]]:
        """The functions that the metered text calls."""
        return {STEP: self.step, RESULT: self.result}

    def step(self, site: int) -> bool:
        """Charge for a turn; return whether it may be made."""
        if self.failure is not None:
            return False
        self._turns[site] += 1
        for number in range(site + 1, len(self._turns)):
            if self._metered.sites[number].inside == site:
                self._turns[number] = 0
        try:
            # The library copies the list that it has so far in every turn of a comprehension.
            self._budget.charge(_TURN + self._turns[site] // 16)
            self._charge_copies(self._metered.sites[site].operations)
        except BudgetError as problem:
            self.failure = str(problem)
        return self.failure is None

    def result(self, value: object) -> bool:
        """Charge for what a turn made. Always true: it is the condition of a `filter`."""
        if self.failure is None:
            try:
                self._largest = max(self._largest, self._budget.charge_value(value))
            except BudgetError as problem:
                self.failure = str(problem)
        return True

    def _charge_copies(self, operations: int) -> None:
        """Charge for operations on the largest value so far, each of which may copy all of it.

        Raises:
            BudgetError: Where the operations times the size of the value exceed 20 times
                `MAX_VALUE`.
        """
        grown = operations * self._largest
        if grown > 20 * MAX_VALUE:
            raise BudgetError(
                f"applies {operations:,} operations to a value of size {self._largest:,}; a value "
                f"may grow to {MAX_VALUE:,}"
            )
        self._budget.charge(grown // 128)


def size_of(value: object) -> int:
    """Return the size of a value.

    What is shared counts wherever it is met, because whoever walks or writes the value meets it so.

    Raises:
        BudgetError: For a value above `MAX_VALUE`.
    """
    size = 0
    rest: list[Any] = [value]
    while rest:
        one = rest.pop()
        size += 1
        # Nearly all is one of these classes, and the test of an abstract one takes far longer.
        kind = one.__class__
        if kind in _SMALL:
            continue
        if kind is list or kind is tuple:
            rest.extend(one)
        elif kind is str or isinstance(one, str | bytes):
            size += len(one) // 16
        elif isinstance(one, Mapping):
            size += sum(len(str(key)) // 16 for key in one)
            rest.extend(one.values())
        elif isinstance(one, list | tuple):
            rest.extend(one)
        elif isinstance(one, Unknown):
            size += len(one.expression) // 16
            rest.extend(one.where.values())
        if size + len(rest) > MAX_VALUE:
            raise BudgetError(f"has a value larger than {MAX_VALUE:,} items, entries and texts")
    return size


_SMALL = frozenset({int, float, bool, type(None), ResourceValue})


@lru_cache(maxsize=4096)
def meter_expression(text: str) -> Metered:
    """Return an expression that counts its cost.

    Raises:
        BudgetError: For one too long or nested too deeply, and for comprehensions in a form that
            cannot be counted.
    """
    if len(text) > MAX_EXPRESSION_CHARACTERS:
        raise BudgetError(
            f"has {len(text):,} characters; at most {MAX_EXPRESSION_CHARACTERS:,} are evaluated"
        )
    tokens = tuple(_tokenize(text))
    closers = _closing_brackets(tokens)
    sites: list[ComprehensionSite] = []
    edits: list[_Edit] = []
    around: list[tuple[int, int]] = []
    for number, token in enumerate(tokens):
        if token.word == "matches" and number + 1 < len(tokens) and tokens[number + 1].word == "(":
            edits.append(_Edit(token.start, token.end, MATCHES))
        body = _repeated_part(tokens, closers, number)
        if body is None:
            continue
        first, last = body
        around = [(site, end) for site, end in around if number < end]
        site = len(sites)
        operations = _count_operations(tokens[first : last + 1])
        sites.append(ComprehensionSite(operations, around[-1][0] if around else -1))
        around.append((site, last))
        opened = f"[{STEP}({site})].filter(azsecGo, azsecGo).map(azsecGo, "
        edits.append(_Edit(tokens[first].start, tokens[first].start, opened))
        closed = f").filter(azsecValue, {RESULT}(azsecValue))[0]"
        edits.append(_Edit(tokens[last].end, tokens[last].end, closed))
    return Metered(_apply_edits(text, edits), _count_operations(tokens), tuple(sites))


def _tokenize(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind != "comment":
            yield _Token(kind, match.group(), match.start(), match.end())


def _closing_brackets(tokens: Sequence[_Token]) -> Mapping[int, int]:
    """Return the closing bracket of each opening one; those that are not closed are left out.

    Raises:
        BudgetError: For brackets that nest more than MAX_EXPRESSION_NESTING levels deep.
    """
    found: dict[int, int] = {}
    opened: list[int] = []
    for number, token in enumerate(tokens):
        if token.kind != "mark":
            continue
        if token.word in _OPENING:
            opened.append(number)
            if len(opened) > MAX_EXPRESSION_NESTING:
                raise BudgetError(f"nests brackets more than {MAX_EXPRESSION_NESTING} levels deep")
        elif token.word in _CLOSING and opened:
            found[opened.pop()] = number
    return found


def _repeated_part(
    tokens: Sequence[_Token], closers: Mapping[int, int], number: int
) -> tuple[int, int] | None:
    """Return the first and last token of what a comprehension repeats, where `number` names one.

    Raises:
        BudgetError: For a comprehension without a name and an expression.
    """
    is_macro = (
        tokens[number].word in _COMPREHENSIONS
        and number > 0
        and tokens[number - 1].word == "."
        and tokens[number + 1 : number + 2]
        and tokens[number + 1].word == "("
        and number + 1 in closers
    )
    if not is_macro:
        return None
    opener, closer = number + 1, closers[number + 1]
    commas, position = [], opener + 1
    while position < closer:
        if position in closers:
            position = closers[position]
        elif tokens[position].word == "," and tokens[position].kind == "mark":
            commas.append(position)
        position += 1
    if len(commas) != 1 or commas[0] + 1 == closer:
        raise BudgetError(
            f"calls {tokens[number].word!r} with {len(commas) + 1} parts; expected a name and an "
            "expression"
        )
    return commas[0] + 1, closer - 1


def _count_operations(tokens: Sequence[_Token]) -> int:
    """Return how often a value can be copied or searched: operators, calls and parts of lists."""
    return sum(
        token.word not in ".)]}" if token.kind == "mark" else token.word == "in" for token in tokens
    )


def _apply_edits(text: str, edits: Sequence[_Edit]) -> str:
    done, written = 0, []
    for edit in sorted(edits):
        written += [text[done : edit.start], edit.text]
        done = edit.end
    return "".join([*written, text[done:]])


def exceeded(what: str, span: Span) -> Diagnostic:
    """Return the diagnostic of a bound that was exceeded; `what` names it."""
    return error("too-large", f"{what}.", span, "docs/untrusted-input.md lists the bounds.")
