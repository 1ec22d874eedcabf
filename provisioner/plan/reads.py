"""Which requests read an environment: one list call for each type and scope, however large."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioner.model.azure_error import AzureError
from provisioner.model.values import Body


@dataclass(frozen=True, slots=True)
class Read:
    """One GET of a path of Azure Resource Manager, paged to its end where it is a list.

    `path` starts with `/subscriptions/…`; `type` is what its items are ("" where they are mixed).
    """

    path: str
    api_version: str
    type: str
    is_list: bool
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the items of a list (one item for a single resource), or the refusal.

    A 404 is no refusal: `items` is then empty. `calls` counts requests, pages and retries
    included.
    """

    read: Read
    items: tuple[Body, ...] = ()
    refused: AzureError | None = None
    calls: int = 1
