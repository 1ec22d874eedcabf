"""Cache of the schema index on disk: building it from the SDK's models takes half a second."""

import importlib.metadata
import importlib.util
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from provisioner.catalog.registry import Catalog, all_types, build_catalog
from provisioner.catalog.resource_type import ResourceType
from provisioner.catalog.schema import SchemaIndex
from provisioner.catalog.type_directory import NoDirectory, TypeDirectory
from provisioner.filesystem.atomic_write import write_atomically
from provisioner.filesystem.protection import check_own, make_folder

_READERS = ("provisioner.catalog.schema", "provisioner.catalog.sdk_models")
_KEPT = 4


def load_catalog(
    cache_dir: Path,
    *,
    types: Sequence[ResourceType] | None = None,
    directory: TypeDirectory | None = None,
) -> Catalog:
    """Return the catalog of `types` (None: all of azsec's), with its schema index from `cache_dir`.

    `directory` finds types that the catalog does not have; None: none are found.

    The file's name holds a digest of all that the index is made from, so a stale one is never
    read. An index that is absent or cannot be read is built from the installed SDK packages and
    written for the next time; a directory that cannot be written is no error.
    """
    wanted = all_types() if types is None else tuple(types)
    digest = _digest(wanted)
    path = cache_dir / f"schema-{digest}.json"
    index = read_index(path)
    if index is None:
        # Imports the SDK's models, which is what the file spares the next run.
        from provisioner.catalog.sdk_models import read_schema_index

        index = read_schema_index(wanted)
        write_index(path, index, "schema-*.json", _KEPT)
    catalog = build_catalog(wanted, index)
    return replace(catalog, directory=directory or NoDirectory(), schema_digest=digest)


def _digest(types: Sequence[ResourceType]) -> str:
    """Return what an index of `types` depends on: types, SDK versions, and the code that reads."""
    return digest_of_readers(sorted(_digest_lines(types)))


def digest_of_readers(lines: Iterable[str], readers: Sequence[str] = _READERS) -> str:
    """Return a digest of the source of modules and of some lines."""
    digest = sha256()
    for name in readers:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            digest.update(Path(spec.origin).read_bytes())
    for line in lines:
        digest.update(line.encode())
    return digest.hexdigest()[:16]


def _digest_lines(types: Sequence[ResourceType]) -> Iterator[str]:
    for resource_type in types:
        yield f"{resource_type.name} {resource_type.sdk}\n"
        if resource_type.models:
            models = SchemaIndex({model.name: model for model in resource_type.models}, {})
            yield f"{resource_type.name} {json.dumps(models.to_json())}\n"
    for package in {resource_type.sdk.package for resource_type in types if resource_type.sdk}:
        yield f"{package} {_installed_version(package)}\n"


def _installed_version(package: str) -> str:
    """Return the installed version of the distribution that holds `package`."""
    distribution = package.replace(".", "-")
    while distribution:
        try:
            return importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            distribution = distribution.rpartition("-")[0]
    return "unknown"


def read_index(path: Path) -> SchemaIndex | None:
    """Return the index in a file of this user, else None.

    A file of another user, a link, a FIFO and one with other content count as absent.
    """
    try:
        check_own(path)
        return SchemaIndex.from_json(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_index(path: Path, index: SchemaIndex, pattern: str, kept: int) -> None:
    """Write the index atomically, so that no concurrent reader sees a part of it.

    Of the files in its folder whose names match `pattern`, the newest `kept` stay.
    """
    content = json.dumps(index.to_json(), separators=(",", ":"))
    try:
        make_folder(path.parent, private=True)
        write_atomically(path, content.encode())
        _prune(path.parent, pattern, kept)
    except OSError:
        return


def _prune(cache_dir: Path, pattern: str, kept: int) -> None:
    """Delete all but the newest `kept` indexes: every change of an SDK package leaves one."""
    found = sorted(cache_dir.glob(pattern), key=lambda path: -path.lstat().st_mtime)
    for path in found[kept:]:
        path.unlink(missing_ok=True)
