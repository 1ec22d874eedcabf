"""Renders docs/simulator-support.md: each type and request of the built-in Azure, and how it was
verified."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from fidelity.evidence import (
    Evidence,
    Exchanges,
    Operation,
    RouteVerification,
    Verification,
    verify_routes,
    verify_type,
)
from fidelity.measure import SINCE
from fidelity.report import table
from fidelity.sdk_requests import SdkRequests
from provisioner.catalog.resource_type import ResourceType
from provisioner.simulator.protocol.routes import Route

_TYPE_HEADS = ("type", *(operation.value for operation in Operation), "documented by")
_ROUTE_HEADS = ("request", "verified", "documented by")
_ABSENT = "¹"
_RECORDED = re.compile(r"(?P<agreed>\d+)(?: of (?P<compared>\d+))?")
_HEAD = f"""# What the built-in Azure supports

Written by `make fidelity` from the catalog, the routes of the simulator, the SDK packages and
recorded traffic. It states for each operation how it was verified:

- **recorded N**: N recorded exchanges with the real Azure agree when they are replayed; *N of M*
  where others differ ([fidelity](fidelity.md) has the differences). Counted are the requests of
  conversations and, from recordings that are not replayed as a conversation, the writes whose
  settled answer is compared, and the refusals. A request agrees in its status, a refusal in its
  code too, and a write in every settable value of its settled answer, where that is recorded with
  an API version from {SINCE} on.
- **documented**: no recording agrees, and a published source names the operation. The last column
  has the source: an SDK package (generated from Azure's REST API specification) that has this
  request, or else a module whose docstring names pages of Azure's documentation. The former says
  that Azure has the request; neither says that all of the answer was compared with the source.
- **inferred**: neither. It follows from the general rules of Azure Resource Manager.
- **refused**: the built-in Azure refuses it with 405, as the catalog states for the type.

{_ABSENT} The type's SDK package has no such request: Azure may refuse it.

Lists and the requests of the second table are not replayed, so that none of them is *recorded*.
How bodies are completed and checked is measured in [fidelity](fidelity.md).
[Types outside the catalog](simulator.md#how-it-answers) are answered by the general rules alone.
They are not listed here, and neither are tokens, [Microsoft Graph](simulator.md#a-directory) and
the data of storage accounts.
"""


def render_support(
    types: Sequence[ResourceType],
    routes: Iterable[Route],
    sdk: SdkRequests,
    exchanges: Exchanges,
) -> str:
    """Return docs/simulator-support.md."""
    verified = {each.name: verify_type(each, sdk, exchanges) for each in types}
    requests = verify_routes(routes, types, sdk)
    sections = [
        _HEAD,
        "## Figures\n",
        table(("operation", *(each.value for each in Evidence), "all"), _sums(verified, requests)),
        f"\n## Types\n\nThe {len(types)} types of the catalog. GET includes HEAD.\n",
        table(_TYPE_HEADS, _type_rows(verified)),
        "\n## Actions and other requests\n",
        "Paths begin with the resource provider, at each scope that has the request.\n",
        table(_ROUTE_HEADS, _route_rows(requests)),
    ]
    return "\n".join(sections) + "\n"


def read_exchanges(page: str) -> Exchanges:
    """Return the numbers of recorded exchanges that a rendered page has."""
    lines = page.partition("## Types\n")[2].partition("\n## ")[0].splitlines()
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for line in lines:
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        for operation, cell in zip(Operation, cells, strict=False):
            match = _RECORDED.search(cell)
            if match is not None:
                agreed = int(match["agreed"])
                found[operation.value, name] = agreed, int(match["compared"] or agreed)
    return found


def _sums(
    verified: Mapping[str, Mapping[Operation, Verification]],
    requests: Sequence[RouteVerification],
) -> Iterator[tuple[str, ...]]:
    for operation in Operation:
        yield _sum(operation.value, (found[operation].evidence for found in verified.values()))
    yield _sum("actions and other requests", (each.evidence for each in requests))


def _sum(name: str, evidence: Iterable[Evidence]) -> tuple[str, ...]:
    counted = Counter(evidence)
    return (name, *(str(counted[each]) for each in Evidence), str(counted.total()))


def _type_rows(
    verified: Mapping[str, Mapping[Operation, Verification]],
) -> Iterator[tuple[str, ...]]:
    for name, found in verified.items():
        sources = sorted({each.source for each in found.values() if each.source})
        cells = (_cell(found[operation]) for operation in Operation)
        yield name, *cells, _code(sources)


def _cell(found: Verification) -> str:
    text = found.evidence.value
    if found.evidence is Evidence.RECORDED:
        text += f" {found.agreed}"
        text += f" of {found.compared}" if found.agreed < found.compared else ""
    elif found.compared:
        text += f" ({found.agreed} of {found.compared} recorded)"
    return text + (_ABSENT if found.absent and found.evidence is not Evidence.REFUSED else "")


def _route_rows(requests: Sequence[RouteVerification]) -> Iterator[tuple[str, ...]]:
    for each in requests:
        path = each.path.replace("|", r"\|")
        sources = each.source.split(", ") if each.source else []
        yield f"`{each.method} {path}`", each.evidence.value, _code(sources)


def _code(sources: Sequence[str]) -> str:
    return ", ".join(f"`{source.removeprefix('provisioner.')}`" for source in sources) or "-"
