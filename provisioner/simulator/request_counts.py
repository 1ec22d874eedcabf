"""The endpoint `/azsec/requests`: the number of requests answered since the server started.

A test or benchmark in any language reads it before and after what it measures. Like `/azsec/faults`
it requires no token, and neither of them is counted.
"""

from collections import Counter
from collections.abc import Mapping

from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request

PATH = "/azsec/requests"


def answer_counts(counts: Mapping[tuple[str, int], int], request: Request) -> Answer:
    """Answer the counts by method and by status; `counts` are by both.

    Status 0 is a connection closed without an answer.

    Raises:
        RefusalError: the method is not GET.
    """
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
