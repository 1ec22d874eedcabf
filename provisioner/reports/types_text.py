"""Renders resource types and the SDK packages that define them as text.

`cli/schema_output.py` calls it.
"""

from collections.abc import Iterator

from provisioner.documents.types import (
    PackageDocument,
    PackagesDocument,
    PropertyDocument,
    TypeSchemaDocument,
)
from provisioner.reports.values import plain, plural


def render_packages_text(document: PackagesDocument) -> str:
    """Return the lines of packages: of each its types, with tier and API version."""
    lines = [line for package in document.packages for line in _package_lines(package)]
    types = sum(len(package.types) for package in document.packages)
    known = sum(each.tier == "known" for package in document.packages for each in package.types)
    packages = plural(len(document.packages), "package")
    total = f"Types  {types:,} in {packages} · {known:,} known · {types - known:,} schema only"
    return "\n".join((*lines, total)) + "\n"


def render_added_text(document: PackageDocument) -> str:
    """Return the lines of a package that was read, and the setting that CI needs for it."""
    return (
        "\n".join(
            (
                *_package_lines(document),
                *(f"  no type: {plain(e.url)}: {plain(e.reason)}" for e in document.untyped),
                f"State it in the environment, so that a CI needs it: "
                f"schemas: [{document.name}=={document.version}]",
            )
        )
        + "\n"
    )


def _package_lines(package: PackageDocument) -> Iterator[str]:
    puts = plural(package.puts, "PUT operation")
    yield f"{package.name} {package.version} · {plural(len(package.types), 'type')} of {puts}"
    width = max((len(each.type) for each in package.types), default=0)
    for each in package.types:
        yield f"  {plain(each.type):{width}}  {each.api_version:18}  {each.tier}"
    yield ""


def render_type_text(document: TypeSchemaDocument) -> str:
    """Return the lines of a type: its facts and its properties."""
    known = document.type
    source = f"{known.package} {known.package_version}" if known.package else None
    rows = [
        ("type", known.type),
        ("tier", known.tier),
        ("api version", known.api_version),
        ("package", source),
        ("is in", document.stands_in),
        ("children", ", ".join(document.children) or None),
        ("deletable", None if document.deletable else "no"),
    ]
    lines = [f"{name:12}  {plain(value)}" for name, value in rows if value is not None]
    width = max((len(each.path) for each in document.properties), default=0)
    told = [f"  {plain(each.path):{width}}  {_fact_words(each)}" for each in document.properties]
    return "\n".join((*lines, "", *told)) + "\n"


_MOST_VALUES = 6


def _fact_words(prop: PropertyDocument) -> str:
    values = ", ".join(prop.values[:_MOST_VALUES])
    more = ", …" if len(prop.values) > _MOST_VALUES else ""
    facts = [
        prop.shape,
        f"({values}{more})" if values else "",
        "required" if prop.required else "",
        "read-only" if prop.read_only else "",
        "create-only" if prop.create_only else "",
    ]
    return " · ".join(fact for fact in facts if fact)
