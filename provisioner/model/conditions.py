"""Conditions of role assignments (Azure ABAC), parsed and evaluated in three-valued logic.

    condition   = and-term { ("OR" | "||") and-term }
    and-term    = not-term { ("AND" | "&&") not-term }
    not-term    = ("!" | "NOT") not-term | "(" condition ")" | function | comparison
    function    = ("ActionMatches" | "SubOperationMatches") "{" text "}" | "Exists" attribute
    comparison  = operand operator operand
    operand     = attribute | value | "{" value { "," value } "}"
    attribute   = "@" source "[" name "]"

Attributes of a request, a principal or an environment are mostly unknown here, so that a term is
true, false or unknown (None), and only a condition that is certainly false takes access away.
Source: "Azure role assignment condition format and syntax" (conditions-format).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from provisioner.model.permissions import matches

_LONGEST = 8 * 1024
"""Characters of a condition; Azure takes 8 KB (conditions-format)."""
_DEEPEST = 100

Attributes: TypeAlias = Mapping[str, str]
"""Values of attributes by name in lower case, as `request[…:principalid]`."""

Truth: TypeAlias = bool | None
"""Whether something holds; None where it depends on what is not known."""

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<attribute>@(?P<source>[A-Za-z]+)\s*\[(?P<name>[^\[\]]*)\])
      | (?P<text>'(?:[^'\\]|\\.)*')
      | (?P<symbol>&&|\|\||[(){},!])
      | (?P<word>[A-Za-z0-9_.:+-]+)
    )""",
    re.VERBOSE,
)
_SOURCES = frozenset({"request", "resource", "principal", "environment"})
_QUANTIFIED = re.compile(r"(ForAny|ForAll)Of(Any|All)Values:(\w+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed condition: `text` is as written, `actions` are those that it names."""

    text: str
    actions: tuple[str, ...]
    _holds: "_Expression" = field(repr=False, compare=False)

    def holds(self, action: str, attributes: Attributes) -> Truth:
        """Return whether an action is allowed, given the attributes that are known.

        None where that depends on attributes that are not.
        """
        return self._holds(_Question(action, attributes))


@dataclass(frozen=True, slots=True)
class _Question:
    action: str
    attributes: Attributes


_Expression: TypeAlias = Callable[[_Question], Truth]


@dataclass(frozen=True, slots=True)
class _Operand:
    """The values of one side of a comparison; `attribute` names where to look them up."""

    values: tuple[str, ...] = ()
    attribute: str | None = None

    def resolve(self, attributes: Attributes) -> tuple[str, ...] | None:
        if self.attribute is None:
            return self.values
        known = attributes.get(self.attribute)
        return None if known is None else (known,)


def parse_condition(text: str) -> Condition:
    """Parse a condition.

    Raises:
        ValueError: it is no condition, with the place; or it is too long or nested too deep.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"a condition of {len(text)} characters, expected at most {_LONGEST}")
    parser = _Parser(text)
    holds = parser.read()
    return Condition(text, tuple(parser.actions), holds)


class _Parser:
    """A recursive-descent parser of one condition; its expressions are closures over a question."""

    def __init__(self, text: str) -> None:
        self.actions: list[str] = []
        self._tokens = _tokenize(text)
        self._next = 0
        self._depth = 0

    def read(self) -> _Expression:
        found = self._disjunction()
        if self._next < len(self._tokens):
            raise self._unexpected("its end")
        return found

    def _disjunction(self) -> _Expression:
        parts = [self._conjunction()]
        while self._take("or", "||"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else lambda asked: _any(p(asked) for p in parts)

    def _conjunction(self) -> _Expression:
        parts = [self._negation_or_term()]
        while self._take("and", "&&"):
            parts.append(self._negation_or_term())
        return parts[0] if len(parts) == 1 else lambda asked: _all(p(asked) for p in parts)

    def _negation_or_term(self) -> _Expression:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError(f"it is nested more than {_DEEPEST} deep")
        try:
            if self._take("!", "not"):
                inner = self._negation_or_term()
                return lambda asked: _not(inner(asked))
            if self._take("("):
                found = self._disjunction()
                self._expect(")")
                return found
            return self._function() or self._comparison()
        finally:
            self._depth -= 1

    def _function(self) -> _Expression | None:
        if self._take("actionmatches"):
            pattern = self._argument()
            self.actions.append(pattern)
            return lambda asked: matches(pattern, asked.action)
        if self._take("suboperationmatches"):
            self._argument()
            return lambda _asked: None
        if self._take("exists"):
            name = self._attribute()
            return lambda asked: True if name in asked.attributes else None
        return None

    def _argument(self) -> str:
        self._expect("{")
        text = self._value()
        self._expect("}")
        return text

    def _comparison(self) -> _Expression:
        left = self._operand()
        operator = self._word("an operator")
        right = self._operand()
        compare = _comparison_of(operator)
        return lambda asked: compare(
            left.resolve(asked.attributes), right.resolve(asked.attributes)
        )

    def _operand(self) -> _Operand:
        kind, _ = self._peek()
        if kind == "attribute":
            return _Operand(attribute=self._attribute())
        if not self._take("{"):
            return _Operand((self._value(),))
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._expect("}")
        return _Operand(tuple(values))

    def _attribute(self) -> str:
        kind, text = self._peek()
        if kind != "attribute":
            raise self._unexpected("an attribute such as @Request[…]")
        self._next += 1
        return text

    def _value(self) -> str:
        kind, text = self._peek()
        if kind not in ("text", "word"):
            raise self._unexpected("a value")
        self._next += 1
        return text

    def _word(self, wanted: str) -> str:
        kind, text = self._peek()
        if kind != "word":
            raise self._unexpected(wanted)
        self._next += 1
        return text

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._next] if self._next < len(self._tokens) else ("end", "its end")

    def _take(self, *texts: str) -> bool:
        kind, text = self._peek()
        if kind in ("symbol", "word") and text.lower() in texts:
            self._next += 1
            return True
        return False

    def _expect(self, symbol: str) -> None:
        if not self._take(symbol):
            raise self._unexpected(repr(symbol))

    def _unexpected(self, wanted: str) -> ValueError:
        _, text = self._peek()
        return ValueError(f"unexpected {text!r} (part {self._next + 1}), expected {wanted}")


def _tokenize(text: str) -> list[tuple[str, str]]:
    """Return (kind, text) of each token; attributes in the form of `Attributes`.

    Raises:
        ValueError: a character that begins no token, or an unknown source of attributes.
    """
    found: list[tuple[str, str]] = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        token = _TOKEN.match(text, position)
        if token is None:
            rest = text[position : position + 20].strip()
            raise ValueError(f"unexpected {rest!r} (character {position + 1})")
        position = token.end()
        if token["attribute"] is not None:
            if token["source"].lower() not in _SOURCES:
                raise ValueError(f"unknown source of attributes {'@' + token['source']!r}")
            name = f"{token['source']}[{token['name'].strip()}]".lower()
            found.append(("attribute", name))
        elif token["text"] is not None:
            found.append(("text", re.sub(r"\\(.)", r"\1", token["text"][1:-1])))
        elif token["symbol"] is not None:
            found.append(("symbol", token["symbol"]))
        else:
            found.append(("word", token["word"]))
    return found


def _comparison_of(
    operator: str,
) -> Callable[[tuple[str, ...] | None, tuple[str, ...] | None], Truth]:
    quantified = _QUANTIFIED.fullmatch(operator)
    left_all, right_all, name = False, False, operator
    if quantified is not None:
        # ForAnyOfAllValues: some value on the left compares with all on the right; likewise the
        # other three (conditions-format, cross product comparison operators).
        left_all = quantified[1].lower() == "forall"
        right_all = quantified[2].lower() == "all"
        name = quantified[3]
    if not re.fullmatch(_OPERATORS, name, re.IGNORECASE):
        raise ValueError(f"unknown operator {operator!r}")
    compare = _COMPARISONS.get(name.lower())

    def decide(left: tuple[str, ...] | None, right: tuple[str, ...] | None) -> Truth:
        if compare is None or left is None or right is None:
            return None
        over_right = all if right_all else any
        over_left = all if left_all else any
        return over_left(over_right(compare(a, b) for b in right) for a in left)

    return decide


_OPERATORS = (
    "Bool(Not)?Equals|String(Not)?(Equals|StartsWith|Like)(IgnoreCase)?|"
    "Numeric(Equals|NotEquals|(LessThan|GreaterThan)(Equals)?)|"
    "DateTime(Equals|NotEquals|(LessThan|GreaterThan)(Equals)?)|"
    "TimeOfDay(Equals|NotEquals|InRange|(LessThan|GreaterThan)(Equals)?)|Guid(Not)?Equals|"
    "Date(Equals|NotEquals|InRange)|IpMatch|IpInRange"
)


def _are_equal_ignoring_case(left: str, right: str) -> bool:
    return left.lower() == right.lower()


# Those that attributes of role assignments are compared with (conditions-format): their values are
# known. Of all others, none is.
_COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "guidequals": _are_equal_ignoring_case,
    "guidnotequals": lambda left, right: not _are_equal_ignoring_case(left, right),
    "stringequals": lambda left, right: left == right,
    "stringnotequals": lambda left, right: left != right,
    "stringequalsignorecase": _are_equal_ignoring_case,
    "stringnotequalsignorecase": lambda left, right: not _are_equal_ignoring_case(left, right),
}


# Three-valued logic (Kleene): an unknown operand decides nothing by itself.
def _not(truth: Truth) -> Truth:
    return None if truth is None else not truth


def _any(truths: Iterable[Truth]) -> Truth:
    found = list(truths)
    return True if True in found else (None if None in found else False)


def _all(truths: Iterable[Truth]) -> Truth:
    found = list(truths)
    return False if False in found else (None if None in found else True)
