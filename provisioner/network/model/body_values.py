"""Values of ARM bodies by dotted path, as the readers of the topology take them.

`topology_reader`, `firewall_reader`, `security_group_reader` and `dns_reader` call it.
"""

from collections.abc import Iterable
from functools import lru_cache

from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Unknown, list_items, lookup
from provisioner.network.model.intervals import (
    ANY_PORT,
    NOTHING,
    Intervals,
    parse_addresses,
    parse_ports,
)


# A handful of paths, read of every resource.
@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def value_at(body: object, path: str) -> object:
    """Return the value at a path; None where it is absent, null or empty."""
    found = lookup(body, _steps(path))
    # Azure answers an empty object or list for what it was not sent: to a reader both are absent.
    return found if found or found is False or found == 0 else None


def text_at(body: object, path: str) -> str | None:
    """Return the text at a path; None for any other value."""
    found = value_at(body, path)
    return found if isinstance(found, str) else None


def id_key_at(body: object, path: str) -> str | None:
    """Return the key of the resource id at a path; None where there is none."""
    named = parse_resource_id(value_at(body, path))
    return named.key if named else None


def integer_at(body: object, path: str) -> int:
    """Return the integer at a path; 0 for any other value."""
    found = value_at(body, path)
    return found if isinstance(found, int) else 0


def texts_at(body: object, path: str) -> tuple[str, ...]:
    """Return the texts in the list at a path; none where there is no list."""
    return tuple(item for item in list_items(value_at(body, path)) if isinstance(item, str))


def parse_port_texts(texts: Iterable[str]) -> Intervals:
    """Return the ports that texts state together, all of them where one is no range of ports."""
    joined = NOTHING
    for ports in map(parse_ports, texts):
        # An unreadable text may be any port: a rule must not look narrower than it is.
        joined = joined | (ANY_PORT if ports is None else ports)
    return joined


def parse_range_texts(texts: Iterable[str]) -> Intervals:
    """Return the IPv4 addresses that texts state together; other texts have none."""
    joined = NOTHING
    for text in texts:
        joined = joined | (parse_addresses(text) or NOTHING)
    return joined


def address_or_key(estate: Estate, value: object) -> str | None:
    """Return an address, or the key of the resource that Azure has yet to give it to."""
    if isinstance(value, str):
        return value
    if isinstance(value, Unknown):
        for path in value.paths:
            found = _resource_of(estate, path)
            if found is not None:
                return found.id.key
    return None


def _resource_of(estate: Estate, path: str) -> Resource | None:
    """Return the resource whose address a path of an Unknown begins with."""
    # Addresses contain dots (`hub.firewall`), as properties do: the longest one that exists wins.
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        found = estate.at(".".join(parts[:length]))
        if found is not None:
            return found
    return None
