"""What a refusal adds where a type is not in the catalog: the types of its provider that are.

Azure answers no such hint. A type outside the catalog is served as any other, so a misspelled one
is only met as a resource that is not there.
"""

from difflib import get_close_matches

from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.state.cloud import Cloud

_MOST_NAMED = 30


def add_hint(cloud: Cloud, refusal: RefusalError, type_name: str) -> RefusalError:
    """Return a refusal whose message names the known types of a provider, the similar ones alone
    where there are any; the refusal as it is where the type, or nothing of its provider, is known.
    """
    namespace = type_name.partition("/")[0].lower()
    known = {
        each.name.lower(): each.name
        for each in cloud.catalog
        if each.namespace.lower() == namespace
    }
    if not known or type_name.lower() in known:
        return refusal
    close = get_close_matches(type_name.lower(), known, n=3, cutoff=0.85)
    names = [known[name] for name in close] or sorted(known.values())[:_MOST_NAMED]
    told = "similar ones are" if close else "those that it has facts of are"
    refusal.message += (
        f" The built-in Azure has no facts of the type '{type_name}'; {told} {', '.join(names)}."
    )
    return refusal
