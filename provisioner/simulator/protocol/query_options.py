"""Query options of OData (`$filter`, `$top`, …): what a request may not ask for is never ignored.

An ignored filter answers with everything, which reads as a result. Azure's providers answer options
that they do not know in different ways, from ignoring to refusing; here they are refused.
"""

from collections.abc import Collection

from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Request


def check_query_options(request: Request, known: Collection[str]) -> None:
    """Refuse a query option (`$…`, in lower case) that is not known. One without a value asks for
    nothing."""
    for name, value in request.query.items():
        if name.startswith("$") and value and name not in known:
            code = "InvalidFilterInQueryString" if name == "$filter" else "InvalidQueryOption"
            raise RefusalError(
                400,
                code,
                f"Invalid {name} '{value}' specified in the query string. "
                f"{request.path} does not know {name}.",
            )
