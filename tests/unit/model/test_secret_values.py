"""What a secret looks like, and what only looks like one."""

import base64
import re
import string
import time

import pytest
from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.plugins.basic_auth import BasicAuthDetector
from detect_secrets.plugins.github_token import GitHubTokenDetector
from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.npm import NpmDetector
from detect_secrets.plugins.openai import OpenAIDetector
from detect_secrets.plugins.private_key import PrivateKeyDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from provisioner.model.secret_values import (
    MASK,
    find_credentials,
    find_secrets,
    holds_secret,
    mask_secrets,
    mask_value,
    may_name_credential,
    names_secret,
    secret_in,
)

PASSWORD = "S3cretHunter2Value"
KEY = PASSWORD * 4 + "=="
PEM = f"-----BEGIN {'RSA PRIVATE'} KEY-----\nMIIEow{PASSWORD}\n-----END {'RSA PRIVATE'} KEY-----"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"http://user:{PASSWORD}@10.0.0.9:3128", id="URL of a proxy"),
        pytest.param(f"amqps://:{PASSWORD}@bus.example", id="URL without a user"),
        pytest.param(
            f"https://a.blob.core.windows.net/c?sv=2022-11-02&sp=r&sig={PASSWORD}%3D", id="SAS"
        ),
        pytest.param(f"SharedAccessSignature sr=x&sig={PASSWORD}&se=1", id="SAS token"),
        pytest.param(f"AccountName=a;AccountKey={KEY}", id="storage account"),
        pytest.param(f"Endpoint=sb://a/;SharedAccessKey={PASSWORD}=", id="service bus"),
        pytest.param(f"Server=tcp:a;User ID=sa;Password={PASSWORD};", id="SQL"),
        pytest.param(f'{{"client_secret": "{PASSWORD}"}}', id="JSON in a text"),
        pytest.param(f"export DB_PASSWORD='{PASSWORD}'", id="script"),
        pytest.param(PEM, id="private key"),
        pytest.param(PEM.replace("\n", "\\n"), id="private key in JSON"),
        pytest.param(
            base64.b64encode(f"#cloud-config\npassword: {PASSWORD}\n".encode()).decode(),
            id="custom data",
        ),
        pytest.param("eyJ" + "hbGciOiJI" + ".eyJ" + f"zdWIiOiIx{PASSWORD}.{PASSWORD}", id="JWT"),
        pytest.param(f"Authorization: Bearer {PASSWORD}{PASSWORD}", id="bearer"),
        pytest.param("abc8" + f"Q~{PASSWORD}{PASSWORD}"[:36], id="Entra ID"),
        pytest.param("github_" + f"pat_{PASSWORD}{PASSWORD}", id="GitHub, fine-grained"),
        pytest.param("A" * 76 + "+AS" + "tABCDEA==", id="storage key by itself"),
        pytest.param("A" * 42 + "Az" + "SeDabcde", id="search key"),
        pytest.param("hv" + "s." + PASSWORD * 2, id="HashiCorp Vault"),
    ],
)
def test_a_secret_is_known_by_its_shape_and_masked(text: str) -> None:
    assert secret_in(text)
    masked = mask_secrets(f"Azure says: {text} is wrong")
    assert MASK in masked
    assert PASSWORD not in masked
    assert masked.startswith("Azure says")
    assert PASSWORD not in str(mask_value({"a": [text]}))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("11111111-2222-3333-4444-555555555555", id="GUID"),
        pytest.param(
            "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-secret/providers"
            "/Microsoft.KeyVault/vaults/kv-password/secrets/token",
            id="resource id",
        ),
        pytest.param("sha256:" + "0a1b2c3d" * 8, id="digest"),
        pytest.param("0a1b2c3d" * 8, id="hash"),
        pytest.param(
            "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----", id="certificate"
        ),
        pytest.param(
            base64.b64encode(
                b"-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----"
            ).decode(),
            id="certificate of a CA in base64",
        ),
        pytest.param(
            "MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQsw" * 4, id="DER in base64"
        ),
        pytest.param(
            "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7" + "a1B2" * 40 + " me@host", id="SSH"
        ),
        pytest.param("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----", id="public key"),
        pytest.param("https://kv.vault.azure.net/secrets/name/0123456789abcdef", id="Key Vault"),
        pytest.param(
            "@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/x/)", id="reference"
        ),
        pytest.param("https://contoso.example:8443/path?signature=none&config=a", id="URL"),
        pytest.param("http://10.0.0.9:3128", id="proxy without a password"),
        pytest.param("git@github.com:contoso/repo.git", id="address of a repository"),
        pytest.param("mailto:platform@contoso.example", id="mail"),
        pytest.param("contoso.azurecr.io/app@sha256:" + "0a" * 32, id="image"),
        pytest.param("The token is rotated: see the password policy.", id="prose"),
        pytest.param("secret.type == 'x' && password != token", id="CEL"),
        pytest.param("| where SecretName == 'x' and Password: string", id="KQL"),
        pytest.param("password=$(az keyvault secret show -n x)", id="a script that reads it"),
        pytest.param("key=value", id="assignment"),
        pytest.param("2027-01-31T12:00:00Z", id="time"),
    ],
)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert secret_in(text) is None
    assert mask_secrets(text) == text


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("password", True), ("adminPassword", True), ("DB_PASSWORD", True), ("db-pwd", True),
        ("clientSecret", True), ("client_secret_value", True), ("apiKey", True), ("API_KEY", True),
        ("sharedKey", True), ("accessToken", True), ("Token", True), ("passphrase", True),
        ("protectedSettings", True), ("secretName", False), ("secretUri", False),
        ("disablePasswordAuthentication", False), ("keyVaultSecretId", False), ("publicKey", False),
        ("sshPublicKeys", False), ("keyData", False), ("tokenLifetime", False), ("secrets", False),
        ("continuationToken", False), ("passwordPolicy", False), ("bypass", False),
        ("compass", False),
        ("keyIdentifier", False), ("keyEncryptionKey", False), ("partitionKey", False),
    ],
)  # fmt: skip
def test_a_name_says_whether_it_is_one(name: str, secret: bool) -> None:
    assert names_secret(name) is secret


@pytest.mark.parametrize(
    ("name", "may"),
    [
        ("serviceKey", True), ("primaryKeyValue", True), ("accessKeys", True), ("password", True),
        ("primaryConnectionString", True), ("apiKey", True), ("sasToken", True),
        ("nextPageToken", False), ("continuationToken", False), ("sshPublicKey", False),
        ("key", False), ("keyName", False), ("size", False), ("string", False),
        ("secureValue", True), ("key1", True), ("password2", True), ("secure", False),
        ("secureScore", False), ("subnet1", False),
    ],
)  # fmt: skip
def test_a_name_of_which_nothing_else_is_known_may_be_of_a_credential(name: str, may: bool) -> None:
    assert may_name_credential(name) is may


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param({"password": "hunter2"}, True, id="short and plain"),
        pytest.param({"env": [{"name": "DB_PASSWORD", "value": "hunter2"}]}, True, id="variable"),
        pytest.param({"adminPassword": {"value": "hunter2"}}, True, id="parameter"),
        pytest.param({"password": {"type": "string", "default": "hunter2"}}, True, id="default"),
        pytest.param({"password": 12345678}, True, id="a number"),
        pytest.param({"passwords": ["hunter2", "hunter3"]}, True, id="list"),
        pytest.param(
            {"protectedSettings": {"a": ["hunter2"]}}, True, id="settings of an extension"
        ),
        pytest.param({PEM: 1}, True, id="key of a mapping"),
        pytest.param({"password": "Disabled"}, False, id="setting"),
        pytest.param({"password": ""}, False, id="none"),
        pytest.param({"password": None}, False, id="null"),
        pytest.param({"secret": "https://kv.vault.azure.net/secrets/a"}, False, id="Key Vault"),
        pytest.param({"secret": "@Microsoft.KeyVault(SecretUri=x)"}, False, id="reference"),
        pytest.param({"secret": "/subscriptions/x/y"}, False, id="resource id"),
        pytest.param({"password": "[parameters('password')]"}, False, id="parameter of a template"),
        pytest.param({"token": 3600}, False, id="seconds"),
        pytest.param({"password": {"type": "string", "minLength": 12}}, False, id="declaration"),
        pytest.param(
            {"name": "password-policy", "value": "strict"}, False, id="a name that ends so"
        ),
    ],
)
def test_what_stands_under_such_a_name(value: object, found: bool) -> None:
    assert holds_secret(value) is found
    assert "hunter2" not in str(mask_value(value))


def test_a_path_leads_to_each_secret() -> None:
    value = {"a": [{"x": 1}, {"url": f"https://u:{PASSWORD}@h"}], "token": PASSWORD}
    assert [secret.path for secret in find_secrets(value)] == [("a", 1, "url"), ("token",)]


_DETECTORS: tuple[type[RegexBasedDetector], ...] = (
    AWSKeyDetector, AzureStorageKeyDetector, BasicAuthDetector, GitHubTokenDetector,
    GitLabTokenDetector, NpmDetector, OpenAIDetector, PrivateKeyDetector, PypiTokenDetector,
    SendGridDetector, SlackDetector, SquareOAuthDetector, StripeDetector,
)  # fmt: skip
"""Left out: what goes by an assignment or by entropy, what has no use in Azure, and Twilio and
Mailchimp, whose shapes are those of parts of hashes."""

_ASCII = string.ascii_letters + string.digits + "-_.~+/=:;,@?&%!$()*{}[] \\^`|#"


def _patterns() -> list[object]:
    return [
        pytest.param(pattern, id=f"{detector.__name__}-{number}")
        for detector in _DETECTORS
        for number, pattern in enumerate(detector.denylist)
        if "aws" not in pattern.pattern  # an assignment
    ]


@pytest.mark.parametrize("pattern", _patterns())
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_detect_secrets_finds_is_found(pattern: re.Pattern[str], data: st.DataObject) -> None:
    """The release that the lock pins: a newer one with a new shape fails here."""
    text = data.draw(st.from_regex(pattern, fullmatch=True, alphabet=_ASCII))
    assume(len(text) >= 8 and not text.startswith("://:"))
    assert secret_in(text) is not None


@pytest.mark.parametrize(
    "text",
    ["://" + "a:" * 50_000, "password=" * 20_000, "eyJ" * 50_000, "a=" * 60_000, "A" * 200_000,
     "-----BEGIN PRIVATE KEY-----" * 3000, "sig=" * 40_000, "//:" * 50_000 + "_authToken=",
     "bearer " * 20_000, "xoxb-1-" * 20_000],
)  # fmt: skip
def test_a_long_text_takes_no_long_time(text: str) -> None:
    started = time.process_time()
    mask_secrets(text)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param({"masterKeys": ["k-1", "k-2"]}, ["k-1", "k-2"], id="a list"),
        pytest.param({"functionKeys": {"default": "k-1"}}, ["k-1"], id="a map"),
        pytest.param({"secrets": [{"name": "db", "value": "k-1"}]}, ["k-1"], id="named entries"),
        pytest.param({"keyList": [{"keyName": "a", "value": "k-1"}]}, ["k-1"], id="a list of keys"),
        pytest.param({"keys": [{"name": "a", "value": "k-1"}]}, ["k-1"], id="keys with values"),
        pytest.param({"env": [{"name": "A", "secureValue": "k-1"}]}, ["k-1"], id="secure value"),
        pytest.param({"pw": {"type": "SecureString", "value": "k-1"}}, ["k-1"], id="secure type"),
        pytest.param({"pw": {"type": "string", "value": "k-1"}}, [], id="a type that is not"),
        pytest.param({"adminPassword": {"value": "k-1"}}, ["k-1"], id="the value of one"),
        pytest.param({"authKeys": {"primary": "k-1"}}, ["k-1"], id="a pair"),
        pytest.param({"sharedKey": {"primary": "k-1"}}, ["k-1"], id="a pair under one name"),
        pytest.param(
            {"customerManagedKey": {"keyName": "cmk", "keyVersion": "0a1b", "keyUri": "https://x"}},
            [],
            id="where a key is",
        ),
        pytest.param({"secrets": [{"name": "db", "keyVaultUrl": "https://kv"}]}, [], id="a URL"),
        pytest.param({"settings": [{"name": "a", "value": "k-1"}]}, [], id="settings"),
        pytest.param({"keys": ["a", "b"]}, [], id="names of entries"),
    ],
)
def test_credentials_are_found_by_the_names_above_them(value: object, found: list[str]) -> None:
    assert [text for text, _ in find_credentials(value)] == found
