"""The composition cache: composed modules kept for the next run, its port and one run's entries.

An entry is found by the digest of everything that it was made from, so that a stale one is never
read: an input that changed has another key. Entries hold what is known of a module's file (its
types and the files that it uses) and the composed result of one use of a module. docs/adr/0039 has
the reasons; `cached_values` says what is never kept.

The command line gives the store; `blueprint.composition`, `blueprint.declared_types` and
`blueprint.environment_catalog` read and add entries.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Protocol

from provisioner.blueprint.cached_values import MARK_IN_JSON, decode_value
from provisioner.blueprint.file_schemas import Sources
from provisioner.model.values import Bound

MOST_CHARACTERS = 64_000_000
"""Of the entries of one environment. 10,000 resources have about 6,000,000."""


class CompositionStore(Protocol):
    """Where the entries of one environment are kept between runs."""

    @property
    def stamp(self) -> str:
        """What changes whenever azsec, or a library that it composes with, does."""

    def read(self) -> Mapping[str, str]:
        """Return the entries by key, each a JSON document; none where they cannot be trusted."""

    def write(self, entries: Mapping[str, str]) -> None:
        """Replace the stored entries with these.

        It may fail silently: what is not kept is composed again.
        """


class CompositionCache:
    """The entries that one composition reads and adds. Without a store it keeps nothing."""

    def __init__(self, store: CompositionStore | None = None) -> None:
        self._store = store
        self._kept: Mapping[str, str] = store.read() if store else {}
        self._used: dict[str, str] = {}
        self._added: dict[str, str] = {}
        self._files: dict[str, Any] = {}
        self._texts: dict[str, str] = {}

    @property
    def is_enabled(self) -> bool:
        """Whether anything is kept at all."""
        return self._store is not None

    def key_of(self, *parts: object) -> str:
        """Return the key of an entry that is made from `parts` (JSON) and this azsec."""
        stamp = self._store.stamp if self._store else ""
        text = json.dumps([stamp, *parts], separators=(",", ":"), allow_nan=False)
        return sha256(text.encode()).hexdigest()

    def find(self, key: str) -> tuple[Any, bool] | None:
        """Return what is kept under a key, and whether it holds values that are no plain JSON."""
        raw = self._used.get(key) or self._added.get(key) or self._kept.get(key)
        if raw is None:
            return None
        try:
            found = json.loads(raw)
        except ValueError:
            return None
        self._used[key] = raw
        return found, MARK_IN_JSON in raw

    def add(self, key: str, entry: object) -> None:
        """Keep an entry, which is JSON."""
        self._added[key] = json.dumps(entry, separators=(",", ":"), allow_nan=False)

    def close(self) -> None:
        """Write what was added, and of what this run did not use as much again (newest first)."""
        if self._store is None or not self._added:
            return
        entries = {**self._used, **self._added}
        size = sum(map(len, entries.values()))
        # Every run reads the whole file. What files and azsec were before is of use on a branch,
        # and of none after an upgrade: kept without end it costs more than it spares.
        most = min(MOST_CHARACTERS, 2 * size)
        for key, raw in self._kept.items():
            size += 0 if key in entries else len(raw)
            if size > most:
                break
            entries.setdefault(key, raw)
        self._store.write(entries)

    def over(self, sources: Sources) -> Sources:
        """Return sources that read each file once.

        The text of a file is then the one that its key is made from, however late it is parsed.
        """
        return _ReadOnce(sources, self._texts) if self.is_enabled else sources

    def text_of(self, path: str) -> str:
        """Return the text of a file that was read."""
        return self._texts[path]

    def find_file(self, path: str) -> Mapping[str, Any] | None:
        """Return what is known of a file that was read, or None."""
        if path not in self._texts:
            return None
        if path not in self._files:
            found = self.find(self._key_of_file(path))
            self._files[path] = found[0] if found else None
        entry: Mapping[str, Any] | None = self._files[path]
        return entry

    def add_file(self, path: str, entry: Mapping[str, Any]) -> None:
        """Keep what is known of a file that was read."""
        if path in self._texts:
            self._files[path] = entry
            self.add(self._key_of_file(path), entry)

    def _key_of_file(self, path: str) -> str:
        return self.key_of("file", path, self._texts[path])


class _ReadOnce:
    """Sources that remember what they read."""

    def __init__(self, sources: Sources, texts: dict[str, str]) -> None:
        self._sources = sources
        self._texts = texts

    def read_text(self, path: str) -> str:
        """Return the text of the file at `path`. Raises DiagnosticError where there is none."""
        text = self._texts.get(path)
        if text is None:
            text = self._texts[path] = self._sources.read_text(path)
        return text


def decode_if_marked(value: Any, *, is_marked: bool) -> Bound:  # noqa: ANN401
    """Return a value of an entry; one without marks is the value itself."""
    return decode_value(value) if is_marked else value
