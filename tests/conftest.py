import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.catalog.registry import Catalog, all_types, build_catalog
from provisioner.catalog.sdk_models import read_schema_index
from tests.environments import Bench, open_bench

CORPUS = Path(__file__).parents[2] / "shared" / "corpus"


def pytest_configure() -> None:
    """Look for garbage less often: the catalog is many objects that stay, and to go through all of
    them again and again was a tenth of the time of tests/laws/test_plan.py."""
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """Every type that azsec knows, with the schemas of the installed SDK packages."""
    return build_catalog(all_types(), read_schema_index(all_types()))


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of recorded Azure traffic, which stands beside the repository or nowhere."""
    if not CORPUS.is_dir():
        if os.environ.get("CI") == "true" and not os.environ.get("GITHUB_ACTIONS"):
            pytest.fail("the recorded Azure traffic is missing: expected ../shared/corpus")
        pytest.skip("needs recorded Azure traffic (../shared/corpus)")
    return CORPUS


@pytest.fixture
def bench(catalog: Catalog) -> Iterator[Bench]:
    """A built-in Azure of the test's own, with the workflows bound to it."""
    with open_bench(catalog) as opened:
        yield opened
