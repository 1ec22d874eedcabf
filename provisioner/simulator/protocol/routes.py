"""Routes: which handler answers which requests."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from provisioner.catalog.endpoints import Endpoint
from provisioner.simulator.protocol.exchange import Answer

Handler = Callable[..., Answer]
"""Called with the cloud, the request, and what the pattern of its route named."""

SUBSCRIPTION = "/subscriptions/{subscription}"
GROUP = SUBSCRIPTION + "/resourcegroups/{group}"
PROVIDER = SUBSCRIPTION + "/providers/{namespace}"

_NAME = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """Requests of one method whose whole path matches. A HEAD is answered by its GET's route."""

    method: str
    pattern: re.Pattern[str]
    handler: Handler

    @staticmethod
    def at(method: str, template: str, handler: Handler) -> "Route":
        """Return a route by a path in which `{name}` stands for one segment; the rest is a regular
        expression, in any case, with or without a slash at its end."""
        return Route(method, compile_path(template), handler)

    @staticmethod
    def of(endpoint: Endpoint, handler: Handler) -> "Route":
        """Return the route to an endpoint that azsec itself calls."""
        return Route(endpoint.method, endpoint.pattern, handler)


def compile_path(template: str) -> re.Pattern[str]:
    """Return the pattern of a path in which `{name}` stands for one segment."""
    return re.compile(_NAME.sub(r"(?P<\1>[^/]+)", template) + "/?", re.IGNORECASE)
