"""Symbolic names of resources, parameters, outputs and deployments in a template, each unique."""

import re
from collections.abc import Iterable

from provisioner.catalog.deployment import LONGEST_NAME

_TAKEN = frozenset(
    {
        "any", "assert", "az", "concat", "deployment", "existing", "extension", "false", "for",
        "func", "if", "import", "in", "json", "metadata", "module", "null", "output", "param",
        "parent", "provider", "replace", "resource", "resourceGroup", "scope", "string",
        "subscription", "sys", "targetScope", "test", "toLower", "true", "type", "using", "var",
        "with",
    }
)  # fmt: skip
"""The words of Bicep, and the functions that an export calls: a symbol would hide them."""


class Symbols:
    """Unique identifiers, compared without case as ARM does, and none of `taken`."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._given: set[str] = {word.lower() for word in (*_TAKEN, *taken)}

    def give(self, *words: str | int) -> str:
        """Return an identifier made of words: `hub.ruleLogs[shared]` is hubRuleLogsShared."""
        parts = re.findall(r"[A-Za-z0-9]+", " ".join(str(word) for word in words))
        name = "".join(part[:1].upper() + part[1:] for part in parts)
        name = name[:1].lower() + name[1:]
        if not name or name[0].isdigit():
            name = f"n{name}"
        return self._once(name, "")

    def give_deployment(self, *words: str | int) -> str:
        """Return the name of a deployment: letters, digits and `-_.`, 64 of them at most."""
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(str(word) for word in words))
        # Four characters are left for the number of a name that is given twice.
        return self._once(name[: LONGEST_NAME - 4], "-")

    def _once(self, name: str, between: str) -> str:
        number, found = 1, name
        while found.lower() in self._given:
            number += 1
            found = f"{name}{between}{number}"
        self._given.add(found.lower())
        return found
