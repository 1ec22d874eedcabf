"""Routes: the handlers of requests by method and path."""

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
    """Requests of one method whose whole path matches; a HEAD is answered by the route of GET.

    `path` is the template of `pattern`, which `compile` makes at the first request: there are over
    a hundred routes, and a server should answer soon after its start.
    """

    method: str
    path: str
    compile: Callable[[], re.Pattern[str]]
    handler: Handler

    @property
    def pattern(self) -> re.Pattern[str]:
        """The regular expression of the paths."""
        return self.compile()

    @staticmethod
    def at(method: str, template: str, handler: Handler, *, reads_options: bool = False) -> "Route":
        """Return a route by a path in which `{name}` is one segment.

        The rest of the path is a regular expression; case and a slash at the end are ignored.
        `reads_options`: the handler reads `$filter`, `$top` and others, and refuses unsupported
        ones; for any other handler a GET with such an option is refused.
        """
        pattern = cache(partial(compile_path, template))
        return Route(method, template, pattern, _checked_handler(handler, reads_options))

    @staticmethod
    def of(endpoint: Endpoint, handler: Handler, *, reads_options: bool = False) -> "Route":
        """Return the route of an endpoint of the catalog; `reads_options` as in `at`."""
        answer = _checked_handler(handler, reads_options)
        return Route(endpoint.method, endpoint.path, lambda: endpoint.pattern, answer)


def _checked_handler(handler: Handler, reads_options: bool) -> Handler:
    if reads_options:
        return handler

    @wraps(handler)
    def answer(world: Any, request: Request, **parts: str) -> Answer:  # noqa: ANN401
        if request.method == "GET":
            check_query_options(request, ())
        return handler(world, request, **parts)

    return answer


def compile_path(template: str) -> re.Pattern[str]:
    """Return the pattern of a path in which `{name}` is one segment."""
    return re.compile(_NAME.sub(r"(?P<\1>[^/]+)", template) + "/?", re.IGNORECASE)
