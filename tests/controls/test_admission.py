"""A policy whose parameters Azure has yet to decide is neither in force nor missing."""

from dataclasses import replace
from typing import Any

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.controls.registry import controls_by_id
from provisioner.controls.rule_findings import find
from provisioner.controls.verdict import Verdict, worst
from provisioner.model.estate import Estate
from provisioner.model.property_path import set_at
from provisioner.model.values import Unknown
from tests.controls.estates import ground_of, read_fixture

_LATER = Unknown("registry.properties.loginServer", {}, ("registry.properties.loginServer",))


@pytest.mark.parametrize(
    ("control", "address", "path"),
    [
        pytest.param(
            "WRK-01.2",
            "registries",
            ("properties", "parameters", "allowedContainerImagesRegex", "value"),
            id="a parameter that is demanded",
        ),
        pytest.param("WRK-02.1", "baseline", ("properties", "parameters"), id="all of them"),
        pytest.param(
            "WRK-02.1",
            "baseline",
            ("properties", "parameters", "excludedNamespaces", "value"),
            id="the namespaces that are left out",
        ),
    ],
)
def test_what_is_not_known_yet_is_unknown(
    control: str, address: str, path: tuple[str, ...], catalog: Catalog
) -> None:
    sketch: dict[str, Any] = read_fixture(control)["pass"]
    ground = ground_of(sketch, catalog)
    resources = [
        replace(r, body=set_at(r.body, path, _LATER)) if r.address == address else r
        for r in ground.estate
    ]
    found = find(controls_by_id()[control], replace(ground, estate=Estate.of(resources)))
    assert worst(seen.verdict for seen in found) is Verdict.UNKNOWN
    assert "known after apply" in found[0].evidence
