from collections.abc import Iterator

import pytest

from provisioner.catalog.registry import Catalog
from tests.environments import Bench, open_bench


@pytest.fixture
def bench(catalog: Catalog) -> Iterator[Bench]:
    with open_bench(catalog) as opened:
        yield opened
