"""Attempts to satisfy a control by its letter, and what is right though unusual: fooled/*.yaml."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from provisioner.catalog.registry import Catalog
from provisioner.controls.registry import controls_by_id
from provisioner.controls.verdict import worst
from tests.controls.estates import findings_of, merge, read_fixture

FOOLED = Path(__file__).parent / "fooled"


def read_attempts() -> list[Any]:
    """Return (base, attempt) of every attempt of every chapter, by `CHAPTER: NAME`."""
    found = []
    for path in sorted(FOOLED.glob("*.yaml")):
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
        for attempt in table["attempts"]:
            name = attempt.get("base")
            base = table["bases"][name] if name else read_fixture(attempt["control"])["pass"]
            found.append(pytest.param(base, attempt, id=f"{path.stem}: {attempt['name']}"))
    return found


ATTEMPTS = read_attempts()


@pytest.mark.parametrize(("base", "attempt"), ATTEMPTS)
def test_an_attempt_is_judged_by_its_effect(
    base: dict[str, Any], attempt: dict[str, Any], catalog: Catalog
) -> None:
    control = controls_by_id()[attempt["control"]]
    assert attempt["why"]
    before = findings_of(control, base, catalog)
    assert worst(seen.verdict for seen in before) == attempt.get("before", "pass"), before
    found = findings_of(control, merge(base, attempt["patch"]), catalog)
    assert worst(seen.verdict for seen in found) == attempt["verdict"], found


@pytest.mark.parametrize("name", sorted({param.values[1]["control"] for param in ATTEMPTS}))
def test_a_control_that_was_tried_says_what_it_cannot_see(name: str) -> None:
    assert controls_by_id()[name].limits.endswith(".")
