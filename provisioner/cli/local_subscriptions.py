"""The initial subscriptions and tenants of a built-in Azure."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.cli.files import read_if_text
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.simulator.tenancy import StatedSubscription

if TYPE_CHECKING:
    from provisioner.blueprint.yaml_source import Node

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NOBODY = "00000000-0000-0000-0000-000000000000"
_MOST_BASES = 8


def read_guid(option: str, text: str) -> str:
    """Return the GUID that an option states, in lower case.

    Raises:
        DiagnosticError: Where the text is not a GUID.
    """
    if _GUID.fullmatch(text) and text != _NOBODY:
        return text.lower()
    raise DiagnosticError(
        error(
            "wrong-option",
            f"{option} is {text!r}.",
            None,
            "Expected a GUID: 11111111-2222-3333-4444-555555555555.",
        )
    )


def read_subscription(text: str) -> StatedSubscription:
    """Return the subscription that `NAME=GUID` states.

    Raises:
        DiagnosticError: Where the text has another form.
    """
    name, sign, found = text.rpartition("=")
    if not sign or not name.strip() or not _GUID.fullmatch(found):
        raise DiagnosticError(
            error(
                "wrong-option",
                f"--subscription is {text!r}.",
                None,
                "Expected NAME=GUID: workload=11111111-2222-3333-4444-555555555555.",
            )
        )
    return StatedSubscription(found.lower(), name.strip())


def stated_by_files(folder: Path = Path("environments")) -> tuple[StatedSubscription, ...]:
    """Return the subscriptions that the environments of a folder name, each once.

    An invalid file names none: `azsec validate` reports what is wrong with it.
    """
    found: dict[str, StatedSubscription] = {}
    for path in sorted(folder.glob("*.yaml")):
        tenant, aliases = _read_subscriptions(path, _MOST_BASES)
        for alias, subscription in aliases.items():
            stated = StatedSubscription(subscription, f"{path.stem} {alias}", tenant)
            found.setdefault(subscription, stated)
    return tuple(found.values())


def _read_subscriptions(path: Path, bases: int) -> tuple[str | None, dict[str, str]]:
    """Return the tenant and the subscriptions by alias that a file and its bases state."""
    from provisioner.blueprint.yaml_source import parse_yaml

    try:
        node = parse_yaml(read_if_text(path.as_posix()), path.as_posix())
    except DiagnosticError:
        return None, {}
    tenant: str | None = None
    aliases: dict[str, str] = {}
    base = node.get("extends")
    if base is not None and isinstance(base.value, str) and bases:
        tenant, aliases = _read_subscriptions(path.parent / base.value, bases - 1)
    own = _guid_in(node.get("tenantId"))
    listed = node.get("subscriptions")
    return own or tenant, {**aliases, **dict(_guids_in(listed))}


def _guids_in(node: "Node | None") -> Iterator[tuple[str, str]]:
    for alias, each in (node.entries if node is not None else {}).items():
        found = _guid_in(each)
        if found is not None:
            yield alias, found


def _guid_in(node: "Node | None") -> str | None:
    value = node.value if node is not None else None
    if isinstance(value, str) and _GUID.fullmatch(value) and value != _NOBODY:
        return value.lower()
    return None
