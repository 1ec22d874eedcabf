"""The diagnostics of a type that is in no tier: the type that was meant, or how to use this one.

The tiers are the catalog, an installed SDK package, and raw (an `apiVersion:` alone):
docs/types.md.

Called where a file names such a type.
"""

from collections.abc import Iterable
from difflib import get_close_matches

from provisioner.catalog.registry import Catalog
from provisioner.catalog.sdk_packages import package_for
from provisioner.catalog.type_names import EXAMPLE, is_type_name
from provisioner.model.diagnostic import Diagnostic, error
from provisioner.model.span import Span

_NEAR, _NEAR_ELSEWHERE = 0.8, 0.94
"""How alike names are within a namespace, and across namespaces: there a letter or two differ."""


def unknown_type(name: str, span: Span | None, catalog: Catalog) -> Diagnostic:
    """Return the diagnostic of an unknown type.

    Neither the catalog nor an installed SDK package has it, and no API version is stated for it.
    """
    if not is_type_name(name):
        return wrong_type_name(name, span)
    installed = catalog.directory.names_in(name.partition("/")[0])
    near = find_near_type(name, [*(known.name for known in catalog), *installed])
    ways = [*_package_hint(name, catalog), "state `apiVersion:` to have it sent as it stands"]
    hint = f"{', or '.join(ways)} (docs/types.md)."
    return error(
        "unknown-type",
        f"azsec's catalog does not have the type {name!r}.",
        span,
        f"Did you mean {near!r}? Else {hint}" if near else f"{hint[0].upper()}{hint[1:]}",
    )


def _package_hint(name: str, catalog: Catalog) -> Iterable[str]:
    """Yield the hint to have a type checked by the package that has it, if it is not installed."""
    package = package_for(name)
    if package is not None and catalog.directory.version_of(package) is None:
        yield f"install the package that has its models (pip install {package})"


def wrong_type_name(name: str, span: Span | None) -> Diagnostic:
    """Return the diagnostic of a type that is none in any tier."""
    return error(
        "unknown-type",
        f"{name!r} is not the name of a type.",
        span,
        f"Expected a namespace and one segment or more, as {EXAMPLE} or {EXAMPLE}/subnets.",
    )


def find_near_type(name: str, known: Iterable[str]) -> str | None:
    """Return the known type that a name is spelled almost like, or None.

    It is one of the same namespace whose rest is alike, else one that differs in a letter or two.
    """
    folded = {each.lower(): each for each in known}
    wanted = name.lower()
    namespace = wanted.partition("/")[0]
    rests = {each.partition("/")[2]: each for each in folded if each.startswith(f"{namespace}/")}
    close = get_close_matches(wanted.partition("/")[2], rests, n=1, cutoff=_NEAR)
    if close:
        return folded[rests[close[0]]]
    elsewhere = get_close_matches(wanted, folded, n=1, cutoff=_NEAR_ELSEWHERE)
    return folded[elsewhere[0]] if elsewhere else None
