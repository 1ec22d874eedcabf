"""Query options of lists beside the filter: paging and choices.

A page has a `nextLink` if more follows, with the address that the client used. Source: "Pagination"
of the Azure REST API guidelines; the code for `$top` as Azure Resource Manager answers it.
"""

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from provisioner.model.values import Json
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.protocol.query_options import check_query_options
from provisioner.simulator.state.cloud import Cloud

Row = TypeVar("Row")
_PAGING = ("$top", "$skiptoken")


def check_options(request: Request, known: Collection[str]) -> None:
    """Check that a list supports the query options (`$…`, in lower case) of a request.

    Every paged list supports `$top` and `$skiptoken`. Another option is a RefusalError.
    """
    check_query_options(request, (*known, *_PAGING))


def read_choices(request: Request, name: str, known: Collection[str]) -> frozenset[str]:
    """Return the values of a query option, in lower case.

    Raises:
        RefusalError: a value is unknown.
    """
    chosen = {text.strip().lower() for text in request.query.get(name, "").split(",")} - {""}
    unknown = chosen - {each.lower() for each in known}
    if unknown:
        raise RefusalError(
            400,
            "InvalidQueryOption",
            f"Invalid {name} '{request.query[name]}' specified in the query string. "
            f"Known values: {', '.join(known)}.",
        )
    return frozenset(chosen)


def page(
    cloud: Cloud, request: Request, rows: Sequence[Row], show: Callable[[Row], Json]
) -> Answer:
    """Answer one page of a list; `$skiptoken` is a position."""
    start = _read_skip_token(request)
    size = min(cloud.page_size, _read_top(request, cloud.page_size))
    body: dict[str, Json] = {"value": [show(row) for row in rows[start : start + size]]}
    if start + size < len(rows):
        query = {**request.query, "$skiptoken": str(start + size)}
        body["nextLink"] = f"{request.base}{request.path}?{urlencode(query)}"
    return Answer(200, body)


def _read_skip_token(request: Request) -> int:
    text = request.query.get("$skiptoken", "") or "0"
    if not (text.isascii() and text.isdigit()):
        raise RefusalError(
            400,
            "InvalidSkipTokenInQueryString",
            f"Invalid $skiptoken '{text}' specified in the query string.",
        )
    return int(text)


def _read_top(request: Request, default: int) -> int:
    text = request.query.get("$top", "") or str(default)
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise RefusalError(
            400,
            "InvalidTopInQueryString",
            f"Invalid $top '{text}' specified in the query string. It is a positive integer.",
        )
    return int(text)
