import pytest

from provisioner.catalog.registry import Catalog
from tests.unit.preflight.intents import Intents


@pytest.fixture(scope="session")
def intents(catalog: Catalog) -> Intents:
    return Intents(catalog)
