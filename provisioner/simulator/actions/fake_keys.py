"""Invented keys: they look like a service's, open nothing, and begin with a mark.

They are the same at each call until they are regenerated. Clients that decode base64 can: the mark
is base64 itself, at the beginning, where a human reader sees it.
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
    """A key's text, and the time when it was created (ISO 8601)."""

    text: str
    created: str


def invented_key(cloud: Cloud, row: Record, name: str, size: int) -> InventedKey:
    """Return a key of a resource: base64 of `size` bytes, at least 24."""
    count, created = _key_generation(cloud, row, name)
    seed = stable_guid(row.id.text, row.created, name, str(count)).encode()
    digest = base64.b64encode(hashlib.shake_256(seed).digest(size)).decode()
    return InventedKey(f"{MARK}{digest[len(MARK) :]}", created)


def regenerate_key(cloud: Cloud, row: Record, name: str) -> None:
    """Replace a key of a resource by another one."""
    count, _ = _key_generation(cloud, row, name)
    cloud.store.service_state.put(_state_key(row, name), [count + 1, cloud.stamp()])


def _key_generation(cloud: Cloud, row: Record, name: str) -> tuple[int, str]:
    """Return how often a key was regenerated, and when it was created."""
    stored = cloud.store.service_state.get(_state_key(row, name))
    return (int(stored[0]), str(stored[1])) if isinstance(stored, list) else (0, row.created)


def _state_key(row: Record, name: str) -> str:
    return f"{row.id.key}|key {name}"
