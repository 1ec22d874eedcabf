"""`lock:` in an environment file: the container that it means, and what is wrong with it."""

import pytest

from provisioner.blueprint.environment import Environment, load_environment
from provisioner.blueprint.memory_files import MemoryFiles
from provisioner.model.diagnostic import DiagnosticError
from tests.environments import ENVIRONMENT

GUID = "22222222-2222-2222-2222-222222222222"
LOCK = (
    "lock: {subscription: workload, resourceGroup: rg-locks, storageAccount: stlocks, "
    "container: lock-prod}\n"
)


def load(lock: str) -> Environment:
    return load_environment("e.yaml", MemoryFiles({"e.yaml": ENVIRONMENT + lock}))


@pytest.mark.parametrize(
    ("named", "subscription"),
    [
        pytest.param("workload", "11111111-1111-1111-1111-111111111111", id="an alias"),
        pytest.param(GUID, GUID, id="a subscription that the environment has nothing in"),
    ],
)
def test_the_container_has_the_id_that_azure_gives_it(named: str, subscription: str) -> None:
    lock = load(LOCK.replace("workload", named)).lock

    assert lock is not None
    assert lock.text == (
        f"/subscriptions/{subscription}/resourceGroups/rg-locks/providers/Microsoft.Storage"
        "/storageAccounts/stlocks/blobServices/default/containers/lock-prod"
    )


def test_an_environment_needs_no_lock() -> None:
    assert load("").lock is None


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        pytest.param("workload", "worklaod", "Did you mean 'workload'?", id="an alias by mistake"),
        pytest.param("rg-locks", "rg-locks.", "resource group", id="a group's name"),
        pytest.param("stlocks", "st-locks", "3 to 24 lower-case letters", id="an account's name"),
        pytest.param("lock-prod", "lock--prod", "single hyphens", id="a container's name"),
        pytest.param("lock-prod", "lo", "3 to 63", id="too short a name"),
        pytest.param("container: lock-prod", "blob: x", "'lock.container' is required", id="a key"),
    ],
)
def test_a_mistake_is_reported_at_its_place(right: str, wrong: str, told: str) -> None:
    with pytest.raises(DiagnosticError) as refused:
        load(LOCK.replace(right, wrong))

    messages = [str(diagnostic) for diagnostic in refused.value.diagnostics]
    assert any(told in message for message in messages)
    assert all(message.startswith("e.yaml:11:") for message in messages)
