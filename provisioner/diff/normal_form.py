"""Compares scalars that Azure writes in another form than the blueprint.

Ids, GUIDs and locations differ in case and spacing, moments in the digits of their fractions,
versions in how much of them is stated. Called by the modules of the package that compare values.
"""

import ipaddress
import re
from collections.abc import Callable, Hashable, Mapping
from datetime import UTC, datetime

from provisioner.catalog.field import Compare
from provisioner.catalog.schema import Kind
from provisioner.diff.rules import Rule
from provisioner.model.guid import is_guid

_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?"
    r"(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_SECONDS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)", re.IGNORECASE
)
# Longer digits are no number that a service counts with, and Python refuses to read them.
_NUMBER = re.compile(r"-?\d{1,18}(?:\.\d{1,18})?")
_VERSION_PART = re.compile(r"\d{1,18}")
_BOOLEANS = frozenset({"true", "false"})
_ID_STARTS = ("/subscriptions/", "/providers/")

_AS_TEXT = (Kind.STRING, Kind.ANY)

Form = Hashable
"""What every spelling of one value has in common."""


def is_same(rule: Rule, desired: object, actual: object) -> bool:
    """Return whether two scalars are equal under the rule of their property."""
    if type(desired) is type(actual) and desired == actual:
        return True
    if not (is_scalar(desired) and is_scalar(actual)):
        return False
    if isinstance(desired, str) and isinstance(actual, str):
        if rule.compare is Compare.VERSION:
            return is_version_of(desired, actual)
        if rule.compare is Compare.TENANT_ID and _is_same_at_tenant(desired, actual):
            return True
    return normal_form(rule, desired) == normal_form(rule, actual)


def is_scalar(value: object) -> bool:
    """Return whether a value is text, a number or a boolean."""
    return isinstance(value, (str, bool, int, float))


def normal_form(rule: Rule, value: object) -> Form:
    """Return what every spelling of a scalar has in common; of anything else, its text.

    Text that the schema takes for a number or a boolean is read as one, and the other way round.
    In an open object nothing says what a value is, and services that keep it as text answer a
    number (`"legacy": "0"` of a workspace's features is answered as 0: recorded).
    """
    kind = rule.shape.kind
    if isinstance(value, bool):
        # In a tuple, because to Python True is 1.
        return str(value).lower() if kind in _AS_TEXT else (value,)
    if isinstance(value, (int, float)):
        return _normalize_number(value) if kind in _AS_TEXT else value
    text = str(value)
    if rule.fact.aliases:
        text = rule.fact.aliases.get(text.lower(), text)
    if kind in (Kind.INTEGER, Kind.LONG, Kind.NUMBER) and _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    if kind is Kind.BOOLEAN and text.lower() in _BOOLEANS:
        return (text.lower() == "true",)
    return _FORMS.get(rule.compare, _normalize_text)(text)


def _normalize_number(number: int | float) -> Form:
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    # Python refuses to write out numbers of thousands of digits.
    return str(number) if abs(number) < 10**18 else number


def is_version_of(prefix: str, version: str) -> bool:
    """Return whether a version is the one that `prefix` names: 1.33 is 1.33.5, and not 1.3."""
    wanted, found = prefix.lower().split("."), version.lower().split(".")
    return found[: len(wanted)] == wanted


def is_newer(one: str, other: str) -> bool:
    """Return whether the version `one` is newer than `other`. False where either is no version."""
    ours, theirs = (
        [int(number) for number in _VERSION_PART.findall(text)] for text in (one, other)
    )
    return ours > theirs[: len(ours)]


def _is_same_at_tenant(one: str, other: str) -> bool:
    """Return whether two role definition ids are one definition.

    A role definition is identified by its GUID in the whole tenant. Whatever scope an id names it
    at, Azure answers as if it were in the subscription of the assignment (recorded).
    """
    first, second = _resource_id(one), _resource_id(other)
    return str(first).rpartition("/providers/")[2] == str(second).rpartition("/providers/")[2]


def _normalize_text(text: str) -> Form:
    """Return the form of text that has no rule of its own.

    Ids and GUIDs have no case, a boolean that Azure keeps as text is answered in its own case, and
    a moment stated with its zone is one moment, however many digits its fraction has.
    """
    folded = text.lower()
    if folded.startswith(_ID_STARTS):
        return folded.rstrip("/")
    if folded in _BOOLEANS or (len(text) == 36 and is_guid(text)):
        return folded
    if "T" in text.upper() and _MOMENT.fullmatch(text):
        return _normalize_timestamp(text)
    return text


def _normalize_location(text: str) -> Form:
    return text.replace(" ", "").lower()


def _normalize_flags(text: str) -> Form:
    return frozenset(name.strip() for name in text.lower().split(","))


def _normalize_range(text: str) -> Form:
    try:
        return str(ipaddress.ip_interface(text))
    except ValueError:
        return text.lower()


def _normalize_duration(text: str) -> Form:
    match = _DURATION.fullmatch(text.upper())
    if match is None or text[-1:].upper() in ("P", "T"):
        return text
    return sum(float(value) * _SECONDS[name] for name, value in match.groupdict("0").items())


def _normalize_timestamp(text: str) -> Form:
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        return text
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _resource_id(text: str) -> str:
    return text.rstrip("/").lower()


_FORMS: Mapping[Compare | None, Callable[[str], Form]] = {
    Compare.CASELESS: str.lower,
    Compare.LOCATION: _normalize_location,
    Compare.RESOURCE_ID: _resource_id,
    Compare.TENANT_ID: _resource_id,
    Compare.FLAGS: _normalize_flags,
    Compare.VERBATIM: str,
    Compare.CIDR: _normalize_range,
    Compare.DURATION: _normalize_duration,
    Compare.TIMESTAMP: _normalize_timestamp,
}
