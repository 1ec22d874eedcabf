"""What satisfies a control in another way, and what it has nothing to say of."""

from typing import Any

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.controls.registry import controls_by_id
from provisioner.controls.verdict import Verdict, worst
from tests.controls.estates import FIXTURES, findings_of, merge, read_fixture


def rows(key: str) -> list[Any]:
    """Return (control, patch) of every patch that fixtures have under a key."""
    return [
        pytest.param(path.stem, patch, id=f"{path.stem}-{number}")
        for path in sorted(FIXTURES.glob("*.yaml"))
        for number, patch in enumerate(read_fixture(path.stem).get(key, ()))
    ]


def verdict_of(control: str, patch: dict[str, Any], catalog: Catalog) -> tuple[Verdict, object]:
    sketch = merge(read_fixture(control)["pass"], patch)
    found = findings_of(controls_by_id()[control], sketch, catalog)
    return worst(seen.verdict for seen in found), found


@pytest.mark.parametrize(("control", "patch"), rows("also-pass"))
def test_another_way_passes(control: str, patch: dict[str, Any], catalog: Catalog) -> None:
    verdict, found = verdict_of(control, patch, catalog)
    assert verdict is Verdict.PASS, found


@pytest.mark.parametrize(("control", "patch"), rows("not-about"))
def test_what_it_is_not_about_is_not_judged(
    control: str, patch: dict[str, Any], catalog: Catalog
) -> None:
    verdict, found = verdict_of(control, patch, catalog)
    assert verdict is Verdict.NOT_APPLICABLE, found
