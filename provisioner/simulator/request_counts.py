"""`/azsec/requests`: how many requests the built-in Azure has answered since it started.

A test or a benchmark in any language reads it before and after what it measures. It needs no token,
like `/azsec/faults`, and neither of them is counted.
"""

from collections import Counter
from collections.abc import Mapping

from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request

PATH = "/azsec/requests"


def answer_counts(counts: Mapping[tuple[str, int], int], request: Request) -> Answer:
    """Answer with the counts by method and by status (0: the connection was closed without an
    answer), given those by both. Raises RefusalError for anything but GET."""
    if request.method != "GET":
        raise RefusalError(405, "MethodNotAllowed", f"{PATH} takes GET.")
    methods: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    for (method, status), count in list(counts.items()):
        methods[method] += count
        statuses[str(status)] += count
    return Answer(
        200,
        {
            "total": methods.total(),
            "methods": dict(sorted(methods.items())),
            "statuses": dict(sorted(statuses.items())),
        },
    )
