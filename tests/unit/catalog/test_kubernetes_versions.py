"""When versions of Kubernetes came out, which dates the release of AKS that made a cluster."""

import pytest

from provisioner.catalog.kubernetes_versions import released


@pytest.mark.parametrize(
    ("version", "month"),
    [
        pytest.param("1.29.2", "2024-02", id="a patch every month"),
        pytest.param("1.26.6", "2023-06", id="a later patch of an earlier minor version"),
        pytest.param("1.27.1", "2023-05", id="comes after an earlier one of a later"),
        pytest.param("1.27", "2024-01", id="no patch is the newest"),
        pytest.param("1.16.1", None, id="before what is known"),
        pytest.param("1.99", None, id="after what is known"),
        pytest.param("", None, id="none stated"),
        pytest.param("1.x", None, id="no version"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_the_month_of_a_version(version: object, month: str | None) -> None:
    assert released(version) == month
