"""Built-in roles by name and GUID. A wrong name is never answered with one that grants more."""

import re
import subprocess
import sys

import pytest

from provisioner.catalog.built_in_roles import (
    find_built_in_role,
    get_built_in_role,
    list_built_in_roles,
)
from provisioner.model.permissions import grants, is_within

READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


def test_a_role_is_found_by_its_name_and_by_its_guid() -> None:
    assert find_built_in_role("Reader") == READER
    assert find_built_in_role("reADER") == READER
    role = get_built_in_role(READER.upper())
    assert role is not None
    assert (role.name, grants(role.permissions, "Microsoft.Network/routeTables/read")) == (
        "Reader", True
    )  # fmt: skip


def test_a_guid_of_no_built_in_role_is_not_found() -> None:
    assert get_built_in_role("5b0e1d2c-3f4a-4b5c-8d6e-7f8091a2b3c4") is None


def test_every_recorded_role_is_known_by_its_guid_and_its_name() -> None:
    roles = [get_built_in_role(guid) for guid in list_built_in_roles()]
    assert len(roles) == 963
    assert [r for r in roles if r is None or find_built_in_role(r.name) != r.id] == []


WRONG_NAMES = [
    # name, message
    ("Readr", "Did you mean 'Reader'?"),
    ("Raeder", "Did you mean 'Reader'? State a custom role by the id of its definition."),
    ("Key Vault Secret User", "Did you mean 'Key Vault Secrets User'?"),
    ("Key Vault Secrets Reader", "Did you mean 'Key Vault Secrets User'?"),
    ("Azure Kubernetes Service RBAC Cluster Admn",
     "Did you mean 'Azure Kubernetes Service RBAC Cluster Admin'? "
     "Less is granted by 'Azure Kubernetes Service RBAC Admin'."),
    ("Azure Event Hubs Data", "Did you mean 'Azure Event Hubs Data Sender'?"),
    ("Azure Kubernetes Service RBAC Cluster",
     "Did you mean 'Azure Kubernetes Service RBAC Reader'?"),
    ("Secrets Contributor", "None of the 963 recorded on 2025-11-04 has a similar name."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "message"), WRONG_NAMES, ids=[row[0] for row in WRONG_NAMES])
def test_a_wrong_name_is_answered_with_the_nearest(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        find_built_in_role(name)


def test_no_misspelling_is_answered_with_a_role_that_grants_more() -> None:
    """Recorded names with one letter left out: what is offered grants no more than the role."""
    wider = []
    for guid in list_built_in_roles()[::12]:
        role = get_built_in_role(guid)
        assert role is not None
        with pytest.raises(ValueError, match="no built-in role") as refused:
            find_built_in_role(role.name[:-2] + role.name[-1])
        for name in re.findall(r"'([^']+)'", str(refused.value))[1:]:
            offered = get_built_in_role(find_built_in_role(name))
            assert offered is not None
            if not is_within(offered.permissions, role.permissions):
                wider.append((role.name, name))
    assert wider == []


def test_the_record_is_not_read_before_a_role_is_asked_for() -> None:
    """What every command imports is quick to import."""
    program = (
        "import provisioner.catalog.registry as r; r.all_types(); "
        "from provisioner.catalog import built_in_roles as b; "
        "print(b._load_record.cache_info().misses)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "0\n"
