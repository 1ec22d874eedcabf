"""Index of the resource types in the installed azure-mgmt packages, cached on disk per package.

It is read from the source of the packages' operations, without importing them. The name of a file
has a digest of the package's version and content and of the code that reads it, so that a stale
index is never read.
"""

import importlib.metadata
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from provisioner.azure.schema_cache import digest_of_readers, read_index, write_index
from provisioner.catalog.generic_types import schema_type
from provisioner.catalog.resource_type import ResourceType, SdkModel
from provisioner.catalog.schema import SchemaIndex
from provisioner.catalog.sdk_operations import (
    PackageOperations,
    Place,
    SdkResourceType,
    SkippedOperation,
    Source,
    read_enums,
    read_operations,
)
from provisioner.catalog.sdk_packages import package_for
from provisioner.catalog.type_directory import SdkType
from provisioner.catalog.type_names import is_preview
from provisioner.filesystem.atomic_write import write_atomically
from provisioner.filesystem.protection import check_own, make_folder
from provisioner.model.diagnostic import DiagnosticError, error

_PREFIX = "azure-mgmt-"
_MODULE = "provisioner.catalog.sdk_operations"
_KEPT = 200
_KEPT_SCHEMAS = 20
"""One for each set of types that an environment states, and version of their packages."""


class InstalledTypes:
    """The types of the SDK packages that are installed (a `TypeDirectory`).

    `cache` is a folder of this user's; one that cannot be written is no error. `path` is where
    packages are looked for, None for where Python itself does.
    """

    def __init__(self, cache: Path, path: Sequence[str] | None = None) -> None:
        self._cache = cache
        self._path = path
        self._indexes: dict[str, PackageOperations] = {}

    @cached_property
    def packages(self) -> Mapping[str, importlib.metadata.Distribution]:
        """The installed packages, by their names on PyPI."""
        found: dict[str, importlib.metadata.Distribution] = {}
        path = sys.path if self._path is None else self._path
        for distribution in importlib.metadata.distributions(path=list(path)):
            name = str(distribution.name or "").lower().replace("_", "-")
            if name.startswith(_PREFIX) and name != "azure-mgmt-core":
                found.setdefault(name, distribution)
        return dict(sorted(found.items()))

    def find(self, name: str, api_version: str | None = None) -> SdkType | None:
        """Return the type of this name in an api version; None: the newest stable one."""
        found = self._versions_of_type(name)
        if api_version is not None:
            found = [each for each in found if each.written.api_version == api_version.lower()]
        stable = [each for each in found if not is_preview(each.written.api_version)]
        return max(stable or found, key=lambda each: each.written.api_version, default=None)

    def below(self, name: str) -> Sequence[SdkType]:
        """Return the types of the direct child resources of a type."""
        prefix = f"{name.lower()}/"
        names = {
            written.name.lower()
            for package in self._expected_packages(name)
            for written in self.index(package).types
            if written.name.lower().startswith(prefix) and "/" not in written.name[len(prefix) :]
        }
        return [found for each in sorted(names) if (found := self.find(each)) is not None]

    def names_in(self, namespace: str) -> Sequence[str]:
        """Return the names of the types of a namespace that installed packages have."""
        prefix = f"{namespace.lower()}/"
        names = {
            written.name.lower(): written.name
            for package in self._packages_mentioning(namespace)
            for written in self.index(package).types
            if written.name.lower().startswith(prefix)
        }
        return [names[key] for key in sorted(names)]

    def version_of(self, package: str) -> str | None:
        """Return the version of a package that is installed, else None."""
        found = self.packages.get(package.lower())
        return found.version if found is not None else None

    def read_schemas(self, types: Iterable[SdkType]) -> SchemaIndex:
        """Return the schemas of types that have a model, from the cache where they are there.

        Raises DiagnosticError where the models of a package cannot be imported: it may need another
        package that is not there.
        """
        types = [each for each in types if each.written.model is not None]
        made = [schema_type(each.written) for each in types]
        if not made:
            return SchemaIndex({}, {})
        lines = [f"{each.name} {each.sdk}\n" for each in made]
        # By content: a package that is patched in place keeps its version.
        lines += [
            f"{name} {_digest(self.packages[name])}\n"
            for name in sorted({each.package for each in types})
        ]
        path = self._cache / f"sdk-schemas-{digest_of_readers(lines)}.json"
        index = read_index(path)
        if index is None:
            index = _read_models(made)
            write_index(path, index, "sdk-schemas-*.json", _KEPT_SCHEMAS)
        return index

    def index(self, package: str) -> PackageOperations:
        """Return what an installed package writes. Raises KeyError for any other."""
        known = self._indexes.get(package)
        if known is None:
            path = self._file_of(package)
            known = _read(path)
            if known is None:
                known = read_operations(_sources(self.packages[package]))
                self._write(path, known)
            self._indexes[package] = known
        return known

    def _versions_of_type(self, name: str) -> list[SdkType]:
        wanted = name.lower()
        for packages in (
            self._expected_packages(name),
            self._packages_mentioning(name.partition("/")[0]),
        ):
            found = [
                SdkType(package, self.packages[package].version, written)
                for package in packages
                for written in self.index(package).types
                if written.name.lower() == wanted
            ]
            if found:
                return found
        return []

    def _expected_packages(self, name: str) -> list[str]:
        """Return the installed package that is known to have a type, if it is one."""
        package = package_for(name)
        return [package] if package is not None and package in self.packages else []

    def _packages_mentioning(self, namespace: str) -> Iterator[str]:
        """Yield the packages that are indexed already, or whose operations name a namespace.

        Parsing all packages takes ten seconds, searching them for a text a tenth of one.
        """
        for package, distribution in self.packages.items():
            if (
                package in self._indexes
                or self._file_of(package).is_file()
                or _mentions(distribution, namespace)
            ):
                yield package

    def _file_of(self, package: str) -> Path:
        return self._cache / f"types-{package}-{_digest(self.packages[package])}.json"

    def _write(self, path: Path, findings: PackageOperations) -> None:
        try:
            make_folder(path.parent, private=True)
            write_atomically(path, json.dumps(_to_json(findings), separators=(",", ":")).encode())
            found = sorted(
                path.parent.glob("types-*.json"), key=lambda each: -each.lstat().st_mtime
            )
            for old in found[_KEPT:]:
                old.unlink(missing_ok=True)
        except OSError:
            return


def _read_models(types: Sequence[ResourceType]) -> SchemaIndex:
    from provisioner.catalog.sdk_models import read_schema_index

    try:
        return read_schema_index(types)
    except (ImportError, AttributeError) as problem:
        named = ", ".join(sorted({each.sdk.package for each in types if each.sdk is not None}))
        raise DiagnosticError(
            error(
                "schemas-not-read",
                f"the models of {named} cannot be read: {problem}.",
                None,
                "Install what is missing beside azsec, or uninstall the package and state "
                "`apiVersion:`.",
            )
        ) from problem


def _digest(distribution: importlib.metadata.Distribution) -> str:
    record = distribution.read_text("RECORD") or ""
    digest = sha256(digest_of_readers([str(distribution.version)], [_MODULE]).encode())
    digest.update(record.encode())
    return digest.hexdigest()[:16]


def _sources(distribution: importlib.metadata.Distribution) -> Iterator[Source]:
    """Yield the sources of a package's operations, without those of the asynchronous clients.

    The asynchronous clients (`aio`) repeat the same operations.
    """
    texts: dict[str, str] = {}
    enums: dict[str, tuple[str, ...]] = {}
    for file in distribution.files or ():
        parts = file.parts
        if _holds_operations(file):
            texts[".".join(file.with_suffix("").parts)] = _text_of(distribution, file)
        elif parts[-2:-1] == ("models",) and parts[-1].endswith("enums.py"):
            enums |= read_enums(_text_of(distribution, file))
    yield from (Source(module, text, enums) for module, text in sorted(texts.items()))


def _mentions(distribution: importlib.metadata.Distribution, namespace: str) -> bool:
    """Return whether the operations of a package have a URL with a namespace in it."""
    wanted = f"providers/{namespace}/".lower()
    return any(
        wanted in _text_of(distribution, file).lower()
        for file in distribution.files or ()
        if _holds_operations(file)
    )


def _holds_operations(file: importlib.metadata.PackagePath) -> bool:
    parts = file.parts
    is_source = file.suffix == ".py" and len(parts) > 1 and "aio" not in parts
    return is_source and "operations" in parts[-2]


def _text_of(
    distribution: importlib.metadata.Distribution, file: importlib.metadata.PackagePath
) -> str:
    try:
        return Path(str(distribution.locate_file(file))).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _to_json(findings: PackageOperations) -> dict[str, Any]:
    return {
        "puts": findings.puts,
        "passed": [[each.url, each.reason] for each in findings.passed],
        "types": [
            [
                each.name,
                each.api_version,
                [each.model.package, each.model.model] if each.model else None,
                list(each.places),
                list(each.names),
                each.listed,
                each.deletable,
            ]
            for each in findings.types
        ],
    }


def _read(path: Path) -> PackageOperations | None:
    """Return the index in a file of this user, else None.

    A file of another user, a link, a FIFO and one with other content count as absent.
    """
    try:
        check_own(path)
        document = json.loads(path.read_bytes())
        types = tuple(
            SdkResourceType(
                name,
                version,
                SdkModel(*model) if model else None,
                tuple(map(Place, places)),
                tuple(names),
                listed,
                deletable,
            )
            for name, version, model, places, names, listed, deletable in document["types"]
        )
        passed = tuple(SkippedOperation(url, reason) for url, reason in document["passed"])
        return PackageOperations(types, passed, int(document["puts"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
