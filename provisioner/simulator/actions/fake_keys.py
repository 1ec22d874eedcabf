"""Keys that look like a service's and are none: invented, marked as such, the same on each call
until they are regenerated.

A client that parses base64 finds base64; whoever reads it finds the mark at its beginning.
"""

import base64
import hashlib
from dataclasses import dataclass

from provisioner.simulator.state.cloud import Cloud, stable_guid
from provisioner.simulator.state.records import Record

MARK = "azsecLocalInventedKeyOfNothing"
"""How every invented key begins."""


@dataclass(frozen=True, slots=True)
class InventedKey:
    """A key: its text, and when it was made (ISO 8601)."""

    text: str
    created: str


def invented_key(cloud: Cloud, row: Record, name: str, size: int) -> InventedKey:
    """Return a key of a resource: base64 of `size` bytes, at least 24."""
    times, created = _renewal(cloud, row, name)
    seed = stable_guid(row.id.text, row.created, name, str(times)).encode()
    digest = base64.b64encode(hashlib.shake_256(seed).digest(size)).decode()
    return InventedKey(f"{MARK}{digest[len(MARK) :]}", created)


def regenerate_key(cloud: Cloud, row: Record, name: str) -> None:
    """Let a key of a resource be another one from now on."""
    times, _ = _renewal(cloud, row, name)
    cloud.store.service_state.put(_place(row, name), [times + 1, cloud.stamp()])


def _renewal(cloud: Cloud, row: Record, name: str) -> tuple[int, str]:
    """Return how often a key was regenerated, and when it was made."""
    held = cloud.store.service_state.get(_place(row, name))
    return (int(held[0]), str(held[1])) if isinstance(held, list) else (0, row.created)


def _place(row: Record, name: str) -> str:
    return f"{row.id.key}|key {name}"
