"""The query of Resource Graph names ids, and nothing in an id ends its text."""

from datetime import UTC, datetime

import pytest

from provisioner.attribution.resource_changes import changes_query
from provisioner.model.resource_id import ResourceId

START = datetime(2026, 11, 30, tzinfo=UTC)
VAULTS = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults"


@pytest.mark.parametrize("name", ["kv'", "kv\\", "kv\n"], ids=["quote", "backslash", "line"])
def test_an_id_that_would_end_its_text_is_left_out(name: str):
    named = [ResourceId.parse(f"{VAULTS}/{text}") for text in ("kv-ours", name)]

    query = changes_query(named, START)

    assert f"target in~ ('{VAULTS}/kv-ours')" in query
