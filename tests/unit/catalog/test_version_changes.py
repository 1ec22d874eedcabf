"""Which Kubernetes versions follow on which, for a cluster and its node pools."""

import pytest

from provisioner.catalog.version_changes import (
    pool_goes_with_control_plane,
    refused_cluster_step,
)
from provisioner.model.values import Unknown

TODAY = "2026-12-31"
LATER = Unknown("later", {}, ("later.properties.value",))


@pytest.mark.parametrize(
    ("running", "wanted", "words"),
    [
        pytest.param("1.34.6", "1.34", None, id="the same minor version"),
        pytest.param("1.34.6", "1.34.7", None, id="a later patch"),
        pytest.param("1.34.7", "1.34.6", "only upgrades", id="an earlier patch"),
        pytest.param("1.34.7", "1.35.3", None, id="the next minor version"),
        pytest.param("1.34.7", "1.36", "upgrade to 1.35 first", id="a minor version left out"),
        pytest.param("1.35.4", "1.34.7", "only upgrades", id="an earlier minor version"),
        pytest.param("1.27.9", "1.32", None, id="out of one that is not supported any more"),
        pytest.param("1.33.9", "1.35", None, id="out of one that has long-term support alone"),
        pytest.param("", "1.36", None, id="nothing is known of what runs"),
        pytest.param("1.34.7", None, None, id="the version is Azure's choice"),
        pytest.param("1.34.7", "latest", None, id="no version"),
    ],
)
def test_a_cluster(running: str, wanted: str | None, words: str | None) -> None:
    before = {"properties": {"currentKubernetesVersion": running}}
    after = {"properties": {"kubernetesVersion": wanted}}

    found = refused_cluster_step(before, after, TODAY)

    assert (found is None) if words is None else (found and words in found.reason)


@pytest.mark.parametrize(
    ("plans", "today", "refused"),
    [
        pytest.param(("KubernetesOfficial", "KubernetesOfficial"), TODAY, True, id="community"),
        pytest.param(("AKSLongTermSupport", "AKSLongTermSupport"), TODAY, False, id="long term"),
        pytest.param((None, "AKSLongTermSupport"), TODAY, False, id="long term from now on"),
        pytest.param((LATER, LATER), TODAY, False, id="known after apply"),
        pytest.param((None, None), "2027-06-01", False, id="azsec's own list is old"),
        pytest.param((None, None), None, True, id="the day is not known"),
    ],
)
def test_who_may_skip_a_minor_version(
    plans: tuple[object, object], today: str | None, refused: bool
) -> None:
    """Of "Troubleshoot AKS upgrade errors because of version skew": LTS clusters skip."""
    before = {"properties": {"currentKubernetesVersion": "1.34.7", "supportPlan": plans[0]}}
    after = {"properties": {"kubernetesVersion": "1.36", "supportPlan": plans[1]}}

    assert (refused_cluster_step(before, after, today) is not None) is refused


@pytest.mark.parametrize(
    ("plane", "pool", "words"),
    [
        pytest.param("1.35", "1.35.4", None, id="the same"),
        pytest.param("1.35.3", "1.35.4", "newer", id="a later patch than the control plane"),
        pytest.param("1.34", "1.35", "upgrade the cluster first", id="a later minor version"),
        pytest.param("1.35", "1.32.13", None, id="three behind"),
        pytest.param("1.36", "1.32", "to 1.33 or later", id="four behind"),
        pytest.param("1.27", "1.24", "to 1.25 or later", id="three behind, before 1.28"),
        pytest.param("1.36", "", None, id="that of the control plane"),
    ],
)
def test_a_pool(plane: str, pool: str, words: str | None) -> None:
    cluster = {"properties": {"kubernetesVersion": plane}}

    reason = pool_goes_with_control_plane(cluster, {"properties": {"orchestratorVersion": pool}})

    assert (reason is None) if words is None else (words in str(reason))
