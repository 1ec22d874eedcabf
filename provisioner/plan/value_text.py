"""Values as text, for documents and diagnostics."""

import json
import re
from collections.abc import Mapping
from typing import cast

from provisioner.model.secret_values import MASK, mask_value
from provisioner.model.values import Absent, Json, Sensitive, Unknown, Value, is_empty


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
    return MASK if sensitive and not is_empty(plain) else plain


def named_by(path: str) -> str:
    """Return the name of the value at a path.

    `tags.password` is named as a password by its last step, `env[DB_PASSWORD].value` by the key of
    its entry.
    """
    steps = [step for step in re.split(r"[.\[\]]", path) if step]
    if len(steps) > 1 and steps[-1] in ("value", "default", "defaultValue"):
        steps.pop()
    return steps[-1] if steps else ""


def mask_output(value: Value, name: str) -> Value:
    """Return the value of an output with `(sensitive)` in the place of each secret."""
    return cast(Value, mask_value(_mask_value(value), name))


def _mask_value(value: Value) -> Value:
    if isinstance(value, Sensitive):
        return MASK
    if isinstance(value, Mapping):
        return {key: _mask_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mask_value(item) for item in value]
    return value


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
