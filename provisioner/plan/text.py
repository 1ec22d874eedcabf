"""Values in words, for documents and diagnostics."""

import json
from collections.abc import Mapping

from provisioner.model.values import Absent, Json, Unknown, is_empty


def show_value(value: object) -> str:
    """Return a value on one line: JSON, or (absent), or (known after apply: …)."""
    if isinstance(value, Absent):
        return "(absent)"
    if isinstance(value, Unknown):
        return str(value)
    return json.dumps(to_plain(value), ensure_ascii=False)


def disclose(value: object, *, sensitive: bool) -> Json:
    """Return a value as a document may show it: JSON, or `(sensitive)` in the place of a secret."""
    plain = to_plain(value)
    return "(sensitive)" if sensitive and not is_empty(plain) else plain


def to_plain(value: object) -> Json:
    """Return a value as JSON: absent becomes null, an Unknown its text."""
    if isinstance(value, Absent):
        return None
    if isinstance(value, Unknown):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    return value  # type: ignore[return-value]
