"""Which Kubernetes versions follow on which, for a cluster and its node pools."""

import pytest

from provisioner.catalog.version_changes import (
    cluster_goes_one_minor_up,
    pool_goes_with_control_plane,
)


@pytest.mark.parametrize(
    ("running", "wanted", "words"),
    [
        pytest.param("1.34.6", "1.34", None, id="the same minor version"),
        pytest.param("1.34.6", "1.34.7", None, id="a later patch"),
        pytest.param("1.34.7", "1.34.6", "cannot go back", id="an earlier patch"),
        pytest.param("1.34.7", "1.35.3", None, id="the next minor version"),
        pytest.param("1.34.7", "1.36", "upgrade to 1.35 first", id="a minor version left out"),
        pytest.param("1.35.4", "1.34.7", "cannot go back", id="an earlier minor version"),
        pytest.param("1.27.9", "1.32", None, id="out of one that is not supported any more"),
        pytest.param("", "1.36", None, id="nothing is known of what runs"),
    ],
)
def test_a_cluster(running: str, wanted: str, words: str | None) -> None:
    before = {"properties": {"currentKubernetesVersion": running}}

    reason = cluster_goes_one_minor_up(before, {"properties": {"kubernetesVersion": wanted}})

    assert (reason is None) if words is None else (words in str(reason))


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
