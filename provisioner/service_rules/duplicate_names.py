"""Duplicate names within one list."""

from collections.abc import Iterator

from provisioner.service_rules.partial_bodies import Tree, entries_at, text_at
from provisioner.service_rules.rule import Refusal


def repeated_names(body: Tree, path: str) -> Iterator[Refusal]:
    """Yield the entries of a list whose name another one before them has, case ignored."""
    seen: set[str] = set()
    for at, entry in entries_at(body, path):
        name = text_at(entry, "name")
        if name is None:
            continue
        if name.lower() in seen:
            yield Refusal(f"{at}.name", f"two entries of {path} are named {name}")
        seen.add(name.lower())
