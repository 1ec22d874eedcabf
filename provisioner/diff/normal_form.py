"""When two scalars mean the same, although Azure writes one of them in another way."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from provisioner.catalog.field import Compare
from provisioner.catalog.schema import Kind
from provisioner.diff.rules import Rule
from provisioner.model.resource_id import parse_resource_id

_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?"
    r"(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_BOOLEANS = frozenset({"true", "false"})


def is_same(rule: Rule, desired: object, actual: object) -> bool:
    """Tell whether two scalars mean the same under the rule of their property."""
    if type(desired) is type(actual) and desired == actual:
        return True
    if isinstance(desired, bool) or isinstance(actual, bool):
        return rule.shape.kind is Kind.STRING and _same_words(desired, actual)
    if isinstance(desired, (int, float)) or isinstance(actual, (int, float)):
        return _number(desired) is not None and _number(desired) == _number(actual)
    if isinstance(desired, str) and isinstance(actual, str):
        return _is_same_text(rule, desired, actual)
    return False


def _is_same_text(rule: Rule, desired: str, actual: str) -> bool:
    compare = rule.fact.compare or _implied(rule)
    normalise = _NORMAL_FORMS.get(compare)
    if normalise is not None:
        return normalise(desired) == normalise(actual)
    if compare is Compare.VERSION:
        return is_version_of(desired, actual)
    return _same_ids(desired, actual) or _same_words(desired, actual)


def is_version_of(prefix: str, version: str) -> bool:
    """Tell whether a version is the one that `prefix` names: 1.33 is 1.33.5, and not 1.3."""
    wanted, found = prefix.lower().split("."), version.lower().split(".")
    return found[: len(wanted)] == wanted


def is_newer(one: str, other: str) -> bool:
    """Tell whether the version `one` is newer than `other`. False where either is no version."""
    numbers = [re.findall(r"\d+", text) for text in (one, other)]
    return [int(n) for n in numbers[0]] > [int(n) for n in numbers[1]][: len(numbers[0])]


def _implied(rule: Rule) -> Compare:
    if rule.path == "location":
        return Compare.LOCATION
    return Compare.CASELESS if rule.shape.enum else Compare.EXACT


def _number(value: object) -> float | None:
    if isinstance(value, str) and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        return None
    return float(value) if isinstance(value, (int, float, str)) else None


def _same_words(desired: object, actual: object) -> bool:
    """A boolean that Azure keeps as text is answered in its own case."""
    one, other = str(desired).lower(), str(actual).lower()
    return one == other and one in _BOOLEANS


def _same_ids(desired: str, actual: str) -> bool:
    if not (desired.startswith("/") and actual.startswith("/")):
        return False
    one, other = parse_resource_id(desired.rstrip("/")), parse_resource_id(actual.rstrip("/"))
    if one is None or other is None:
        return False
    return one == other


def _location(text: str) -> str:
    return text.replace(" ", "").lower()


def _range(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        return text.lower()


def _duration(text: str) -> float | str:
    match = _DURATION.fullmatch(text.upper())
    if match is None:
        return text
    parts = {name: float(value or 0) for name, value in match.groupdict().items()}
    return parts["days"] * 86400 + parts["hours"] * 3600 + parts["minutes"] * 60 + parts["seconds"]


def _timestamp(text: str) -> datetime | str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _resource_id(text: str) -> str:
    return text.rstrip("/").lower()


_NORMAL_FORMS: Mapping[Compare, Callable[[str], object]] = {
    Compare.CASELESS: str.lower,
    Compare.LOCATION: _location,
    Compare.RESOURCE_ID: _resource_id,
    Compare.CIDR: _range,
    Compare.DURATION: _duration,
    Compare.TIMESTAMP: _timestamp,
}
