"""A sorted index of resource ids, which finds the ids below one without reading all of them."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator


class KeyIndex:
    """A set of keys (`ResourceId.key`) that answers as `ResourceId.is_within` does."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._known = set(keys)
        self._ordered = sorted(self._known)

    def add(self, key: str) -> None:
        """Add one key."""
        if key not in self._known:
            self._known.add(key)
            insort(self._ordered, key)

    def within(self, key: str) -> Iterator[str]:
        """Yield a key, if it is one of these, and then all below it in their order."""
        if key in self._known:
            yield key
        prefix = f"{key}/"
        for index in range(bisect_left(self._ordered, prefix), len(self._ordered)):
            if not self._ordered[index].startswith(prefix):
                return
            yield self._ordered[index]

    def covers(self, key: str) -> bool:
        """Return whether a key is one of these or below one of them."""
        known = self._known
        return bool(known) and (key in known or any(above in known for above in keys_above(key)))


def keys_above(key: str) -> Iterator[str]:
    """Yield the keys of all ancestors that `key` can have, nearest first."""
    end = key.rfind("/")
    while end > 0:
        yield key[:end]
        end = key.rfind("/", 0, end)
