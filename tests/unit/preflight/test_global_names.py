"""Names that are unique in Azure: free, taken, kept by something deleted."""

import pytest

from provisioner.preflight.global_names import CHECK
from tests.unit.preflight.intents import DENIED, GROUP, VAULT, Intents, codes, judge, make_intent

FREE, DELETED = "checkNameAvailability", "deletedVaults"
BODY = {"location": "West Europe", "properties": {}}
RECOVER = {"location": "westeurope", "properties": {"createMode": "recover"}}
YES = [{"nameAvailable": True}]
NO = [{"nameAvailable": False, "reason": "AlreadyExists", "message": "It is in use."}]
BAD = [{"nameAvailable": False, "reason": "AccountNameInvalid", "message": "Too short."}]


def gone(vault: str = VAULT, location: str = "westeurope", **more: object) -> list[object]:
    properties = {
        "vaultId": vault,
        "location": location,
        "deletionDate": "2027-01-01T00:00:00Z",
        "scheduledPurgeDate": "2027-04-01T00:00:00Z",
        **more,
    }
    return [{"name": "KV-main", "properties": properties}]


ROWS = [
    pytest.param(BODY, YES, [], [], id="a name that is free"),
    pytest.param(BODY, NO, [], ["error: name-taken"], id="a name that another tenant has"),
    pytest.param(BODY, BAD, [], ["error: name-taken"], id="a name that the service does not take"),
    pytest.param(
        BODY, NO, gone(), ["error: name-kept-by-deleted"], id="a deleted vault, told once"
    ),
    pytest.param(RECOVER, NO, gone(), [], id="the blueprint takes it back where it was"),
    pytest.param(
        RECOVER,
        NO,
        gone(VAULT.replace("rg-main", "rg-old")),
        ["error: name-kept-by-deleted"],
        id="recovered in another group, which Azure refuses",
    ),
    pytest.param(
        RECOVER,
        NO,
        gone(location="northeurope"),
        ["error: name-kept-by-deleted"],
        id="recovered in another region",
    ),
    pytest.param(BODY, DENIED, [], ["warning: not-checked"], id="nobody may ask for names"),
    pytest.param(BODY, YES, DENIED, ["warning: not-checked"], id="nobody may list the deleted"),
]


@pytest.mark.parametrize(("body", "free", "deleted", "expected"), ROWS)
def test_a_new_vault(intents: Intents, body, free, deleted, expected) -> None:
    intent = make_intent(intents.write(VAULT, body))

    assert codes(judge(CHECK, intent, {FREE: free, DELETED: deleted})) == expected


def test_what_to_do_about_a_deleted_vault_is_told(intents: Intents) -> None:
    intent = make_intent(intents.write(VAULT, BODY))

    (told,) = judge(CHECK, intent, {FREE: NO, DELETED: gone(purgeProtectionEnabled=True)})

    assert "its purge protection keeps it until 2027-04-01" in told.message
    assert told.hint is not None
    assert "`createMode: recover`" in told.hint
    assert "azsec never purges" in told.hint


def test_what_stands_there_already_is_not_asked_about(intents: Intents) -> None:
    registry = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/crmain"
    network = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet"
    intent = make_intent(
        intents.write(registry, {"properties": {}}, found={"properties": {}}),
        intents.write(network, {"properties": {}}),
    )

    assert list(CHECK.ask(intent)) == []
