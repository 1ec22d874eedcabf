"""Routes: which handler answers which requests."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial, wraps
from typing import Any

from provisioner.catalog.endpoints import Endpoint
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.protocol.query_options import check_query_options

Handler = Callable[..., Answer]
"""Called with the cloud, the request, and what the pattern of its route named."""

SUBSCRIPTION = "/subscriptions/{subscription}"
GROUP = SUBSCRIPTION + "/resourcegroups/{group}"
PROVIDER = SUBSCRIPTION + "/providers/{namespace}"

_NAME = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """Requests of one method whose whole path matches. A HEAD is answered by its GET's route.

    `path` is what `pattern` is made from, a template as `at` takes it; `compile` makes it, when the
    first request comes: there are over a hundred, and a server is to answer soon after its start.
    """

    method: str
    path: str
    compile: Callable[[], re.Pattern[str]]
    handler: Handler

    @property
    def pattern(self) -> re.Pattern[str]:
        """The paths that it is for."""
        return self.compile()

    @staticmethod
    def at(method: str, template: str, handler: Handler, *, reads_options: bool = False) -> "Route":
        """Return a route by a path in which `{name}` stands for one segment; the rest is a regular
        expression, in any case, with or without a slash at its end.

        `reads_options` tells that the handler reads `$filter`, `$top` and their like, and refuses
        those that it does not know; a GET of another with such an option is refused.
        """
        pattern = cache(partial(compile_path, template))
        return Route(method, template, pattern, _handler(handler, reads_options))

    @staticmethod
    def of(endpoint: Endpoint, handler: Handler, *, reads_options: bool = False) -> "Route":
        """Return the route to an endpoint of the catalog; `reads_options` as in `at`."""
        answer = _handler(handler, reads_options)
        return Route(endpoint.method, endpoint.path, lambda: endpoint.pattern, answer)


def _handler(handler: Handler, reads_options: bool) -> Handler:
    if reads_options:
        return handler

    @wraps(handler)
    def answer(world: Any, request: Request, **parts: str) -> Answer:  # noqa: ANN401
        if request.method == "GET":
            check_query_options(request, ())
        return handler(world, request, **parts)

    return answer


def compile_path(template: str) -> re.Pattern[str]:
    """Return the pattern of a path in which `{name}` stands for one segment."""
    return re.compile(_NAME.sub(r"(?P<\1>[^/]+)", template) + "/?", re.IGNORECASE)
