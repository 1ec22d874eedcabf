"""az in an environment of its own, and a session of it."""

import os
import re
import secrets
import shlex
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from interop.commands import Command

_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command: `problem` is None where all was right."""

    line: str
    problem: str | None
    seconds: float


def run_session(
    az: Path, commands: Sequence[Command], variables: Mapping[str, str], folder: Path
) -> Iterator[Outcome]:
    """Run commands in order and yield what became of each. `variables` are those of
    `azsec local env`; az keeps its own files in `folder`."""
    environ = {
        **os.environ,
        **variables,
        "AZURE_CONFIG_DIR": str(folder / "az"),
        "AZURE_CORE_COLLECT_TELEMETRY": "0",
        "AZURE_CORE_NO_COLOR": "1",
        "AZURE_CORE_ONLY_SHOW_ERRORS": "1",
        "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no",
    }
    names = _names(variables, folder)
    for command in commands:
        yield _run(az, command, names, environ)


def _run(
    az: Path, command: Command, names: Mapping[str, str], environ: Mapping[str, str]
) -> Outcome:
    words = [_fill(word, names) for word in shlex.split(command.line)]
    shown = f"az {_fill(command.line, {**names, 'assertion': '…'})}"
    begun = time.monotonic()
    try:
        done = subprocess.run(
            [str(az), *words],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome(shown, f"no end after {_SECONDS} s", float(_SECONDS))
    taken = time.monotonic() - begun
    printed = " ".join((done.stdout if command.exits == 0 else done.stderr).split())
    expected = _fill(command.prints, {name: re.escape(value) for name, value in names.items()})
    if done.returncode == command.exits and re.search(expected, printed):
        return Outcome(shown, None, taken)
    told = " ".join(f"{done.stderr} {done.stdout}".split())[:300]
    problem = f"exit {done.returncode}, expected {command.exits} with /{expected}/: {told}"
    return Outcome(shown, problem, taken)


def _fill(text: str, names: Mapping[str, str]) -> str:
    """Return a text with `{name}` filled in; other braces are JMESPath's."""
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _names(variables: Mapping[str, str], folder: Path) -> dict[str, str]:
    tag = secrets.token_hex(4)
    group = f"rg-interop-{tag}"
    subscription = variables["AZURE_SUBSCRIPTION_ID"]
    return {
        "assertion": _make_assertion(),
        "certificate": str(_make_certificate(folder / "client.pem")),
        "client": variables["AZURE_CLIENT_ID"],
        "cloud": f"azsec{tag}",
        "endpoint": variables["AZSEC_LOCAL_ENDPOINT"],
        "folder": str(folder),
        "group": group,
        "principal": "22222222-1111-4111-8111-111111111111",
        "scope": f"/subscriptions/{subscription}/resourceGroups/{group}",
        "secret": variables["AZURE_CLIENT_SECRET"],
        "subscription": subscription,
        "tag": tag,
        "tenant": variables["AZURE_TENANT_ID"],
    }


def _make_assertion() -> str:
    claims = {
        "iss": "https://issuer.example",
        "sub": "system:serviceaccount:a:b",
        "aud": "api://AzureADTokenExchange",
        "exp": datetime.now(UTC) + timedelta(hours=1),
    }
    return jwt.encode(claims, secrets.token_hex(32))


def _make_certificate(path: Path) -> Path:
    """Write a key and a certificate of its own, as `az login --certificate` takes it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "interop")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path.touch(0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
