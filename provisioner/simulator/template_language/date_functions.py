"""Template functions on dates: ISO 8601 durations and .NET's date formats.

Source: "Date functions for ARM templates"; "Standard" and "Custom date and time format strings" of
.NET, in its invariant culture.
"""

import calendar
import re
from datetime import UTC, datetime, timedelta

from provisioner.simulator.template_language.expressions import Functions
from provisioner.simulator.template_language.operands import text, whole
from provisioner.simulator.template_language.template_errors import ExpressionError, Value

UTC_NOW_FORMAT = "yyyyMMddTHHmmssZ"
_STANDARD = {
    "d": "MM/dd/yyyy",
    "D": "dddd, dd MMMM yyyy",
    "f": "dddd, dd MMMM yyyy HH:mm",
    "F": "dddd, dd MMMM yyyy HH:mm:ss",
    "g": "MM/dd/yyyy HH:mm",
    "G": "MM/dd/yyyy HH:mm:ss",
    "M": "MMMM dd",
    "m": "MMMM dd",
    "o": "yyyy-MM-ddTHH:mm:ss.fffffffZ",
    "O": "yyyy-MM-ddTHH:mm:ss.fffffffZ",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "s": "yyyy-MM-ddTHH:mm:ss",
    "t": "HH:mm",
    "T": "HH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ssZ",
    "U": "dddd, dd MMMM yyyy HH:mm:ss",
    "y": "yyyy MMMM",
    "Y": "yyyy MMMM",
}
_CUSTOM = re.compile(
    r"y+|M+|d+|H+|h+|m+|s+|f+|F+|t+|z+|K|'(?P<one>[^']*)'|\"(?P<two>[^\"]*)\"|\\(?P<three>.)|%|."
)
_DURATION = re.compile(
    r"(?P<sign>-?)P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
_SHAPES = (
    (r"\d{8}T\d{6}Z", UTC_NOW_FORMAT),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", _STANDARD["u"]),
    (r"\d{4}-\d\d-\d\d", "yyyy-MM-dd"),
)
_ISO = "yyyy-MM-ddTHH:mm:ssZ"


def format_date(moment: datetime, form: str) -> str:
    """Return a moment in a standard or custom .NET date format.

    Raises:
        ExpressionError: a format of one letter is not one of .NET's standard formats.
    """
    if len(form) == 1 and form not in _STANDARD:
        raise ExpressionError(f"the date format '{form}' is not valid.")
    return _CUSTOM.sub(lambda match: _format_match(moment, match), _STANDARD.get(form, form))


def _format_match(moment: datetime, match: re.Match[str]) -> str:
    for quoted in ("one", "two", "three"):
        if match[quoted] is not None:
            return match[quoted]
    return _format_specifier(moment, match[0][0], len(match[0]))


def _format_specifier(moment: datetime, letter: str, count: int) -> str:
    """Return the part of a moment that a custom format specifier names, in `count` letters."""
    if letter in "Md" and count > 2:
        names = {"M": ("%b", "%B"), "d": ("%a", "%A")}[letter]
        return moment.strftime(names[count > 3])
    numbers = {
        "M": moment.month,
        "d": moment.day,
        "H": moment.hour,
        "h": (moment.hour - 1) % 12 + 1,
        "m": moment.minute,
        "s": moment.second,
    }
    if letter in numbers:
        return f"{numbers[letter]:0{min(count, 2)}d}"
    fraction = f"{moment.microsecond:06d}0"[:count]
    words = {
        "y": f"{moment.year % 100:0{count}d}" if count <= 2 else f"{moment.year:0{count}d}",
        "f": fraction,
        "F": fraction.rstrip("0"),
        "t": ("AM" if moment.hour < 12 else "PM")[:count],
        "z": {1: "+0", 2: "+00"}.get(count, "+00:00"),
        "K": "Z",
        "%": "",
    }
    return words.get(letter, letter)


def _parse_date(value: Value) -> datetime:
    source = text(value)
    # .NET has seven digits of a second's fraction, Python's datetime six.
    written = re.sub(r"(\.\d{6})\d+", r"\1", source.strip())
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise ExpressionError(f"the date '{source}' is not valid.") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _add_duration(moment: datetime, duration: str) -> datetime:
    match = _DURATION.fullmatch(duration)
    if match is None or not any(match.groups()[1:]):
        raise ExpressionError(f"the duration '{duration}' is not valid in ISO 8601.")
    sign = -1 if match["sign"] else 1
    part = {
        name: sign * int(number or 0)
        for name, number in match.groupdict().items()
        if name != "sign"
    }
    months = moment.month - 1 + part.pop("months")
    year = moment.year + part.pop("years") + months // 12
    month = months % 12 + 1
    try:
        # As in .NET, 31 January plus a month is the last day of February.
        day = min(moment.day, calendar.monthrange(year, month)[1])
        return moment.replace(year=year, month=month, day=day) + timedelta(**part)
    except (ValueError, OverflowError):
        raise ExpressionError(f"the date is out of range after '{duration}'.") from None


def _date_time_add(base: Value, duration: Value, form: Value = None) -> str:
    """Add a duration to a date; without a format, the result has the format of the base."""
    moment = _add_duration(_parse_date(base), text(duration))
    if form is not None:
        return format_date(moment, text(form))
    shapes = (known for shape, known in _SHAPES if re.fullmatch(shape, text(base)))
    return format_date(moment, next(shapes, _ISO))


def _from_epoch(seconds: Value) -> str:
    try:
        return format_date(datetime.fromtimestamp(whole(seconds), UTC), _ISO)
    except (ValueError, OverflowError, OSError):
        raise ExpressionError(f"the epoch time '{seconds}' is out of range.") from None


DATE_FUNCTIONS: Functions = {
    "datetimeadd": _date_time_add,
    "datetimefromepoch": _from_epoch,
    "datetimetoepoch": lambda value: int(_parse_date(value).timestamp()),
}
