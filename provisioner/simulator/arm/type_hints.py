"""Hints for misspelt types, in errors about types outside the catalog.

Azure has no such hint. A type outside the catalog is served like any other here, so a misspelt one
shows only as a resource that does not exist.
"""

from difflib import get_close_matches

from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.state.cloud import Cloud

_MOST_NAMED = 30


def add_hint(cloud: Cloud, refusal: RefusalError, type_name: str) -> None:
    """Append the known types of a provider to the message of an error.

    Only similar names are listed where there are any. Nothing is appended if the type is known, or
    nothing of its provider is.
    """
    namespace = type_name.partition("/")[0].lower()
    known = {
        each.name.lower(): each.name
        for each in cloud.catalog
        if each.namespace.lower() == namespace
    }
    if not known or type_name.lower() in known:
        return
    close = get_close_matches(type_name.lower(), known, n=3, cutoff=0.85)
    names = [known[name] for name in close] or sorted(known.values())[:_MOST_NAMED]
    prefix = "similar ones are" if close else "those that it has facts of are"
    refusal.message += (
        f" The built-in Azure has no facts of the type '{type_name}'; {prefix} {', '.join(names)}."
    )
