"""OData query options (`$filter`, `$top`, …): an unsupported one is refused, never ignored.

A list that ignored a filter would return everything, which reads as a result. Azure's providers
differ between ignoring and refusing unknown options; here they are refused.
"""

from collections.abc import Collection

from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Request


def check_query_options(request: Request, known: Collection[str]) -> None:
    """Check that the query options (`$…`, in lower case) are known; one without a value is ignored.

    Raises:
        RefusalError: one is not.
    """
    for name, value in request.query.items():
        if name.startswith("$") and value and name not in known:
            code = "InvalidFilterInQueryString" if name == "$filter" else "InvalidQueryOption"
            raise RefusalError(
                400,
                code,
                f"Invalid {name} '{value}' specified in the query string. "
                f"{request.path} does not know {name}.",
            )
