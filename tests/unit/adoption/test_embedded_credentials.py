"""What is kept out of the files of an adoption beside what has the shape of a secret."""

import pytest

from provisioner.adoption.embedded_credentials import find_embedded

PLANTED = [
    {"name": "Authorization", "value": "Basic dXNlcjpwYXNz"},
    {"Authorization": "planted"},
    "Basic dXNlcjpwYXNz",
    "Bearer abc123short",
    'curl -H "Authorization: Basic dXNlcjpwYXNz" https://host.example',
    "curl -u user:planted https://host.example",
    "curl --user=user:planted https://host.example",
    "powershell setup.ps1 -Password Planted -Name web",
    "az login --service-principal --password planted",
    "agent register --token planted --name a",
    "agent --api-key='planted'",
    "mysql -u root -pplanted shop",
    "sshpass -p planted ssh host",
    "sqlcmd -S host -U sa -P planted",
    "https://host.example/api/run?code=planted-code",
    "https://host.example/c?sv=2020&sig=planted-sig",
    ["agent", "--password", "planted"],
]
HARMLESS = [
    {"name": "Authorization", "value": "@{variables('header')}"},
    {"name": "Authorization", "value": "Bearer {{token}}"},
    "Bearer token",
    "Basic tier",
    "docker run -p 80:80 -u 1000:1000 image",
    "agent --token-file /run/token",
    "agent --password-stdin",
    'curl -u "$USER:$PASS" https://host.example',
    "agent --password=$(PW) --token {{token}}",
    "setup.ps1 -Password $pw",
    "mkdir -p /var/lib && cp -pr a b && ssh -p 2222 host",
    "mysql -u root -p shop",
    "https://host.example/api/run?version=1&code={{code}}",
    ["agent", "--password", "$(PW)"],
    ["agent", "--password-file", "/run/password"],
]


@pytest.mark.parametrize("planted", PLANTED, ids=str)
def test_a_credential_among_other_words_is_found(planted: object) -> None:
    assert list(find_embedded({"properties": {"at": planted}}))


@pytest.mark.parametrize("harmless", HARMLESS, ids=str)
def test_what_only_refers_to_one_is_none(harmless: object) -> None:
    assert not list(find_embedded({"properties": {"at": harmless}}))


def test_the_time_it_takes_grows_with_the_text_alone() -> None:
    long = "a-" * 50_000 + " -u " + "x" * 50_000 + "mysql " * 2_000
    assert not list(find_embedded({"at": long}))
