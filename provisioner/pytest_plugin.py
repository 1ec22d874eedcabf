"""The fixture `azsec_local`: an Azure of its own for each test of programs that talk to Azure.

pytest loads this module wherever azsec is installed (entry point `pytest11`), so nothing of azsec
is imported before a test asks for the fixture.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from provisioner.testing import AzureDouble


@pytest.fixture
def azsec_local() -> "Iterator[AzureDouble]":
    """Provide an empty built-in Azure over TLS, which ends with the test: docs/clients.md."""
    from provisioner.testing import open_azure

    with open_azure() as double:
        yield double
