"""The disk of a node where nobody says which: on the machine's own storage, or managed."""

import pytest

from provisioner.catalog.node_disks import EPHEMERAL, MANAGED, NodeDisk, default_disk


@pytest.mark.parametrize(
    ("machine", "kind", "disk"),
    [
        pytest.param(
            "Standard_DS2_v2", None, NodeDisk(MANAGED, 128), id="cache of 86 is too small"
        ),
        pytest.param("Standard_DS3_v2", None, NodeDisk(EPHEMERAL, 172), id="DS3 has four vCPUs"),
        pytest.param("Standard_D4s_v3", None, NodeDisk(MANAGED, 128), id="cache of 100"),
        pytest.param("standard_d8s_v3", None, NodeDisk(EPHEMERAL, 200), id="cache of 200"),
        pytest.param("Standard_D4ds_v4", None, NodeDisk(EPHEMERAL, 150), id="temporary disk"),
        pytest.param("Standard_D8ds_v4", None, NodeDisk(EPHEMERAL, 200), id="cache comes first"),
        pytest.param("Standard_D8ds_v5", None, NodeDisk(EPHEMERAL, 300), id="v5 has no cache"),
        pytest.param("Standard_D8pds_v5", None, NodeDisk(EPHEMERAL, 200), id="Arm has a cache"),
        pytest.param("Standard_D8a_v4", None, NodeDisk(EPHEMERAL, 200), id="no premium storage"),
        pytest.param("Standard_A8_v2", None, NodeDisk(MANAGED, 256), id="larger with the vCPUs"),
        pytest.param("Standard_D16s_v5", None, NodeDisk(MANAGED, 512), id="no storage of its own"),
        pytest.param("Standard_NC4as_T4_v3", None, NodeDisk(EPHEMERAL, 128), id="GPU"),
        pytest.param("Standard_D8ds_v5", MANAGED, NodeDisk(MANAGED, 256), id="managed as asked"),
        pytest.param("Standard_E4-2ds_v5", None, NodeDisk(EPHEMERAL, 150), id="constrained vCPUs"),
        pytest.param("Standard_Odd", None, NodeDisk(MANAGED, 128), id="no known name"),
        pytest.param(None, None, NodeDisk(MANAGED, 128), id="no machine stated"),
    ],
)
def test_the_disk_of_a_machine(machine: str | None, kind: str | None, disk: NodeDisk) -> None:
    assert default_disk(machine, kind) == disk
