"""Detection of secrets, by the shape of a value or by the name of its property.

Two rules. A text that has the shape of a credential (a signed URL, a storage key, a token with a
known prefix, a private key) is one wherever it occurs; so is one inside of base64 (custom data).
And any text under a name such as `password` or `clientSecret` is one, unless it points to a secret
(a Key Vault reference, a resource id, a URL) or states that there is none.

Nothing is judged by entropy: digests, GUIDs, certificates and public keys are no secrets, and a
check that refuses them is switched off by its users (docs/adr/0019). The shapes of tokens are those
of detect-secrets, which a test compares with the release that the lock pins; importing it at run
time would take longer than `azsec validate` does. Shapes of Azure's own keys are from
https://learn.microsoft.com/purview/sit-sensitive-information-type-entity-definitions and
https://github.com/microsoft/security-utilities.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache
from typing import TypeAlias

NAMED = "a value under the name of a secret"
"""The kind of what is a secret by its name alone."""

MASK = "(sensitive)"
"""The text that replaces a secret in every output."""


@dataclass(frozen=True, slots=True)
class SecretShape:
    """The shape of one kind of secret.

    `kind` names it in a sentence ("a GitHub token"). `anchors` are texts, in lower case, one of
    which is in every match: most texts have none, and cost no more than looking for them. The
    group `secret` of `pattern`, if it has one, is what is masked; else the whole match.
    """

    kind: str
    anchors: tuple[str, ...]
    pattern: str

    @property
    def compiled(self) -> re.Pattern[str]:
        """The pattern, compiled when a text first has one of the anchors."""
        return _compile(self.pattern)


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _shape(kind: str, anchors: Sequence[str], pattern: str) -> SecretShape:
    return SecretShape(kind, tuple(anchors), pattern)


_ASSIGNED = r"""[^\s"'`;,&{}$<>()\[\]=|*][^\s"'`;,&{}$<>()\[\]|]{5,}"""

SHAPES: tuple[SecretShape, ...] = (
    _shape(
        "a private key",
        ("private key", "putty-user-key"),
        r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY"
        r"(?: BLOCK)?-----|\Z)|BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY|PuTTY-User-Key-File-[23]",
    ),
    _shape(
        "a user and password in a URL",
        ("://",),
        r"://[^\s/?#@:\"'<>]*:(?!\(sensitive\)@)(?P<secret>[^\s/?#@\"'<>]+)@",
    ),
    _shape(
        "a shared access signature",
        ("sig=", "sig%3d"),
        r"(?i)(?:^|[^a-z0-9])sig(?:=|%3d)(?P<secret>[a-z0-9%+/=_-]{16,})",
    ),
    _shape(
        "a key in a connection string",
        ("key=", "secret="),
        r"(?i)(?:Account|SharedAccess|Access|Shared|Api)(?:Key|Secret)\s*="
        r"\s*(?P<secret>[a-z0-9+/_=-]{16,})",
    ),
    _shape(
        "an Azure key",
        (
            "+ast",
            "+aba",
            "+asb",
            "+aeh",
            "aiot",
            "azeg",
            "+amc",
            "+acr",
            "azse",
            "acdb",
            "azca",
            "azfu",
            "+ami",
            "+apim",
            "azdo",
            "jqqj99",
        ),
        r"(?<![A-Za-z0-9+/])(?:"
        r"[A-Za-z0-9+/]{76}(?:\+ASt|\+ABa|\+AMC|\+AMi|ACDb)[A-Za-z0-9+/]{5}[AQgw]=="
        r"|[A-Za-z0-9+/]{33}(?:\+ASb|\+AEh|AIoT|AZEG|AzCa)[A-Za-z0-9+/]{5}[AEIMQUYcgkosw048]="
        r"|[A-Za-z0-9]{42}AzSe[A-D][A-Za-z0-9]{5}|[A-Za-z0-9_-]{44}AzFu[A-Za-z0-9_-]{5}[AQgw]=="
        r"|[A-Za-z0-9+/]{42}\+ACR[A-D][A-Za-z0-9+/]{5}"
        r"|[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}"
        r"|[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{18}[A-Za-z0-9_-]{4,8})",
    ),
    _shape(
        "a client secret of Entra ID",
        ("q~",),
        r"(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])",
    ),
    _shape(
        "a JSON Web Token",
        ("eyj",),
        r"\beyJ[A-Za-z0-9_-]{8,}={0,2}\.eyJ[A-Za-z0-9_-]{8,}={0,2}(?:\.[A-Za-z0-9_-]*)?",
    ),
    _shape(
        "a bearer token",
        ("bearer ", "basic "),
        r"(?i)\bBearer\s+(?P<secret>[a-z0-9._~+/-]{20,}=*)"
        r"|\bAuthorization[\"']?\s*[:=]\s*[\"']?Basic\s+[a-z0-9+/]{8,}={0,2}",
    ),
    _shape(
        "a policy token",
        ("pop ",),
        r"\bPoP\s+(?P<secret>[A-Za-z0-9._~+/-]{20,}=*)",
    ),
    _shape(
        "a GitHub token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9_]{36}|github_pat_[A-Za-z0-9_]{22,}",
    ),
    _shape(
        "a GitLab token",
        (
            "glpat-",
            "gldt-",
            "glft-",
            "glsoat-",
            "glrt-",
            "gr1348941",
            "glcbt-",
            "glimt-",
            "glptt-",
            "glagent-",
            "gloas-",
        ),
        r"(?:glpat|gldt|glft|glsoat|glrt)-[A-Za-z0-9_\-]{20,50}(?!\w)"
        r"|GR1348941[A-Za-z0-9_\-]{20,50}(?!\w)"
        r"|glcbt-(?:[0-9a-fA-F]{2}_)?[A-Za-z0-9_\-]{20,50}(?!\w)"
        r"|glimt-[A-Za-z0-9_\-]{25}(?!\w)|glptt-[A-Za-z0-9_\-]{40}(?!\w)"
        r"|glagent-[A-Za-z0-9_\-]{50,1024}(?!\w)|gloas-[A-Za-z0-9_\-]{64}(?!\w)",
    ),
    _shape(
        "a Slack token",
        ("xox", "hooks.slack.com"),
        r"(?i)xox[abposre](?:\.xox[a-z])?-(?:\d+-)+[a-z0-9]+"
        r"|https://hooks\.slack\.com/services/T[a-z0-9_]+/B[a-z0-9_]+/[a-z0-9_]+",
    ),
    _shape(
        "the address of a webhook",
        (".office.com/webhook", "/api/webhooks/"),
        r"(?i)https://[a-z0-9.-]+\.office\.com/webhook[a-z0-9]*/[^\s\"']+"
        r"|https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/[0-9]+/[a-z0-9_-]+",
    ),
    _shape(
        "an AWS access key",
        ("a3t", "abia", "acca", "akia", "asia"),
        r"(?<![A-Za-z0-9+/])(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]{16}(?![A-Za-z0-9+/])",
    ),
    _shape("a Google key", ("aiza",), r"(?<![A-Za-z0-9])AIza[0-9A-Za-z_-]{35}(?![A-Za-z0-9])"),
    _shape(
        "an npm token",
        ("_authtoken", "npm_"),
        r"/:_authToken=\s*(?P<secret>npm_.{1,200}|[A-Fa-f0-9-]{36})"
        r"|(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])",
    ),
    _shape(
        "a PyPI token",
        ("pypi-ageic", "pypi-agen"),
        r"pypi-AgE(?:IcHlwaS5vcmc|NdGVzdC5weXBpLm9yZw)[A-Za-z0-9_-]{70,}",
    ),
    _shape(
        "an OpenAI token",
        ("t3blbkfj", "sk-ant-"),
        r"sk-[A-Za-z0-9_-]*[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|sk-ant-[A-Za-z0-9_-]{24,}",
    ),
    _shape("a Stripe key", ("k_live_",), r"[rs]k_live_[0-9a-zA-Z]{24}"),
    _shape("a SendGrid key", ("sg.",), r"SG\.[a-zA-Z0-9_-]{22}\.[a-zA-Z0-9_-]{43}"),
    _shape("a Square secret", ("sq0csp-",), r"sq0csp-[0-9A-Za-z\\\-_]{43}"),
    _shape(
        "a Telegram token",
        (":a",),
        r"(?<![0-9A-Za-z])\d{8,10}:AA[0-9A-Za-z_-]{33}(?![0-9A-Za-z_-])",
    ),
    _shape("a Vault token", ("hvs.", "hvb."), r"\bhv[sb]\.[A-Za-z0-9_-]{24,}"),
    _shape("a Docker token", ("dckr_",), r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}"),
    _shape("a Databricks token", ("dapi",), r"\bdapi[0-9a-f]{32}\b"),
    _shape("an age key", ("age-secret-key-",), r"AGE-SECRET-KEY-1[A-Z0-9]{50,}"),
    _shape(
        "a password",
        (
            "pass",
            "pwd",
            "secret",
            "api_key",
            "apikey",
            "api-key",
            "access_key",
            "accesskey",
            "token",
        ),
        r"(?i)(?:^|[\s;,{&?\"'(_-])(?:password|passwd|pwd|passphrase|(?:client|app)[_-]?secret"
        r"|(?:api|access|secret)[_-]?key|(?:access|auth)[_-]?token)[\"']?\s*[=:]\s*[\"']?"
        rf"(?P<secret>(?=[^\s]*[0-9!@#%^~+]){_ASSIGNED})",
    ),
)
"""Every shape that azsec knows."""


def _by_mark() -> Mapping[str, Sequence[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for number, shape in enumerate(SHAPES):
        for anchor in shape.anchors:
            mark = next((character for character in anchor if not character.isalnum()), "")
            found.setdefault(mark, []).append((anchor, number))
    return found


_ANCHORS = _by_mark()
"""The anchors with the number of their shape, by the first character of each that is no letter and
no digit: a text without an underscore has none of the anchors with one."""

_SHORTEST = 8
_SHORTEST_CODED = 32
_LARGEST_SETTING = 99_999
"""A larger number under the name of a secret is one (`password: 12345678`), and no setting."""

_BASE64 = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{32,}={0,2}")
"""The look behind keeps the search linear: a run is tried from its start alone."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LAST = frozenset(
    {"password", "passwords", "passwd", "pwd", "pass", "passphrase", "secret", "apikey", "token"}
)
_KEYS = frozenset(
    {
        "api",
        "access",
        "account",
        "shared",
        "private",
        "secret",
        "auth",
        "authorization",
        "signing",
        "master",
        "storage",
        "function",
        "client",
        "admin",
    }
)
_CREDENTIAL = re.compile(r"(secret|passw(or)?d|passphrase|(?<!public)(?<!^)key)s?$")
_CURSORS = frozenset({"continuation", "skip", "next", "cancellation", "page"})
_SUFFIXES = frozenset({"value", "text", "plain", "plaintext", "string", "base64"})
_SLOTS = frozenset({"value", "default", "defaultValue"})
"""Keys whose value is that of the object that contains them."""

_PROTECTED = frozenset({"protectedsettings", "protectedparameters"})
"""Objects that Azure itself keeps secret as a whole (settings of extensions)."""
_NO_SECRET = re.compile(
    r"""(?xi)
    \s* | true | false | yes | no | none | null | nil | n/?a | unset | default | empty
    | enabled? | disabled? | required | optional | always | never | auto(?:matic)? | manual
    | rotated? | managed | generated | unknown | [0-9]{4}-[0-9]{2}-[0-9]{2}(?:T.*)?
    | [*x•.]+ | \(sensitive\) | <.*> | \[?redacted\]? | /(?:subscriptions|providers)/.*
    | https?://.* | @Microsoft\.KeyVault\(.*\) | (?:secretref|keyvault|kv|vault):.*
    | \[(?:parameters|variables|reference|concat|listKeys)\(.*\] | \(known\ after\ apply.*\)
    """
)
"""Texts under the name of a secret that are none: they state whether there is one, or where."""


@lru_cache(maxsize=4096)
def secret_in(text: str) -> str | None:
    """Return the kind of secret that a text holds ("a GitHub token"), or None."""
    return _kind_of(text, _possible_in((text,)).get(0, ()))


def _possible_in(texts: Sequence[str]) -> Mapping[int, Sequence[SecretShape]]:
    """Return the shapes whose anchor occurs in one of some texts, by the text's index.

    All texts are searched as one: hardly any anchor is found.
    """
    folded = [text.lower() for text in texts]
    joined = "\n".join(folded)
    found: dict[int, set[int]] = {}
    for mark, anchors in _ANCHORS.items():
        if mark not in joined:
            continue
        for anchor, number in anchors:
            if anchor in joined:
                for index, text in enumerate(folded):
                    if anchor in text:
                        found.setdefault(index, set()).add(number)
    return {i: [SHAPES[number] for number in sorted(numbers)] for i, numbers in found.items()}


def _kind_of(text: str, possible: Sequence[SecretShape]) -> str | None:
    """Return the kind of secret in one text, of the shapes that are possible in it."""
    if len(text) < _SHORTEST:
        return None
    for shape in possible:
        if shape.compiled.search(text):
            return shape.kind
    return next((kind for _, inner in _coded_in(text) if (kind := secret_in(inner))), None)


def _coded_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield each base64 run in a text with its decoded content.

    Custom data of a VM and values of a Kubernetes Secret are such runs. A text that is base64 as a
    whole, once its line breaks are removed, is one run.
    """
    if len(text) < _SHORTEST_CODED:
        return
    joined = "".join(text.split()) if "\n" in text else text
    runs = [(text, joined)] if _BASE64.fullmatch(joined) else []
    for whole, run in runs or [(found, found) for found in _BASE64.findall(text)]:
        try:
            inner = base64.b64decode(run[: len(run) - len(run) % 4]).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
        yield whole, inner


def _may_be_coded(text: str) -> bool:
    """Return whether a text holds a run of base64, or may hold one that is broken into lines."""
    return len(text) >= _SHORTEST_CODED and ("\n" in text or _BASE64.search(text) is not None)


def mask_secrets(text: str) -> str:
    """Return a text with `(sensitive)` in the place of each secret in it."""
    if secret_in(text) is None:
        return text
    masked = text
    for run, inner in _coded_in(text):
        if secret_in(inner) is not None:
            masked = masked.replace(run, MASK)
    for shape in SHAPES:
        masked = shape.compiled.sub(_masked, masked)
    return MASK if secret_in(masked) is not None else masked


def _masked(match: re.Match[str]) -> str:
    if "secret" not in match.re.groupindex or match["secret"] is None:
        return MASK
    start, end = match.start("secret") - match.start(), match.end("secret") - match.start()
    return f"{match[0][:start]}{MASK}{match[0][end:]}"


@lru_cache(maxsize=4096)
def names_secret(name: str) -> bool:
    """Return whether a property, tag or parameter of this name holds a secret: `dbPassword`."""
    words = [word.lower() for word in _WORD.findall(name)]
    while len(words) > 1 and words[-1] in _SUFFIXES:
        words.pop()
    if not words:
        return False
    before = words[-2] if len(words) > 1 else ""
    if words[-1] == "key":
        return before in _KEYS
    if words[-1] == "token":
        return before not in _CURSORS
    return words[-1] in _LAST or "".join(words) in _PROTECTED


def may_name_credential(name: str) -> bool:
    """Return whether a property of which only the name is known may hold a credential.

    That is what `names_secret` knows, and every other key, token and connection string
    (`serviceKey`). Public keys are none, and a bare `key` is the name of an entry. It is wider than
    `names_secret`, which also judges names that users choose (parameters, tags, environment
    variables).
    """
    if names_secret(name):
        return True
    words = [word.lower() for word in _WORD.findall(name)]
    if "".join(words).endswith(("connectionstring", "connectionstrings")):
        return True
    while len(words) > 1 and words[-1] in _SUFFIXES:
        words.pop()
    if words and words[-1] in ("token", "tokens"):
        return len(words) > 1 and words[-2] not in _CURSORS
    if words and words[-1] in ("secure", "protected"):  # secureValue
        return name.lower() not in ("secure", "protected")
    if len(words) == 2 and words[0] == "key" and words[1].isdigit():  # key1: no name of an entry
        return True
    while len(words) > 1 and words[-1].isdigit():
        words.pop()
    return bool(_CREDENTIAL.search("".join(words)))


def find_credentials(
    value: object, name: str = "", path: tuple[str | int, ...] = ()
) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Yield (text, path) of what may be a credential by its names (`may_name_credential`).

    Texts that refer to a secret, or state that there is none, are left out. A list counts as its
    entries. What a plural names (`secrets`, `functionKeys`) holds credentials under any name but
    one that identifies an entry; what a singular names (`adminPassword`, a parameter of
    `type: SecureString`) holds one in its `value`.
    """
    yield from _find_credentials(value, name, path, _Held.NONE)


class _Held(Enum):
    """What texts below a name are: credentials; those in a slot alone (`value`); none."""

    NONE = 0
    SLOTS = 1
    ALL = 2


_IDENTIFYING = frozenset(
    {
        *("name", "keyname", "id", "type", "kind", "identity", "permission", "permissions"),
        *("status", "state", "version"),
    }
)
"""Names of what tells one credential from another (docs: `listKeys` of a storage account answers
keyName, permissions and value)."""
_SLOTS_OF_CREDENTIALS = frozenset(
    ["value", "defaultvalue", "default", "plaintext", "primary", "secondary", "current", "previous"]
)
_SECURE_TYPES = frozenset({"securestring", "secureobject"})
"""Types of parameters whose values Azure does not show (ARM templates, "Parameters")."""


def _find_credentials(
    value: object, name: str, path: tuple[str | int, ...], held: _Held
) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    if isinstance(value, str):
        is_one = held is _Held.ALL or may_name_credential(name)
        if is_one and not _NO_SECRET.fullmatch(value):
            yield value, path
    elif isinstance(value, Mapping):
        stated = value.get("type")
        is_secure = isinstance(stated, str) and stated.lower() in _SECURE_TYPES
        inside = _Held.SLOTS if is_secure and held is _Held.NONE else _held_by(name, held)
        for key, item in value.items():
            yield from _find_credentials(item, key, (*path, key), _held_below(str(key), inside))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _find_credentials(item, name, (*path, index), held)


def _held_by(name: str, held: _Held) -> _Held:
    """Return what an object under a name holds."""
    if held is _Held.ALL:
        return held
    words = [word.lower() for word in _WORD.findall(name)]
    if len(words) > 1 and words[-1] in ("list", "s"):
        words[-2:] = [f"{words[-2].removesuffix('s')}s"]
    if not words or (words[-1] in ("key", "keys") and len(words) == 1):
        return _Held.SLOTS if words else held
    if not (may_name_credential(name) or may_name_credential("_".join(words))):
        return held if held is _Held.SLOTS else _Held.NONE
    return _Held.ALL if words[-1].endswith("s") and words[-1] != "pass" else _Held.SLOTS


def _held_below(key: str, inside: _Held) -> _Held:
    """Return what the value of a key is, in an object of which `inside` is known."""
    if inside is _Held.ALL:
        return _Held.NONE if key.lower() in _IDENTIFYING else _Held.ALL
    if inside is _Held.SLOTS:
        return _Held.ALL if key.lower() in _SLOTS_OF_CREDENTIALS else _Held.NONE
    return _Held.NONE


def holds_secret(value: object, name: str = "") -> bool:
    """Return whether a value holds a secret, anywhere inside; `name` is its property."""
    return next(find_secrets(value, name), None) is not None


@dataclass(frozen=True, slots=True)
class SecretFound:
    """A secret inside of a value: its path, its kind ("a GitHub token"), and the text.

    `is_key` tells a key of a mapping; the path ends with it.
    """

    path: tuple[str | int, ...]
    kind: str
    text: str
    is_key: bool = False


_Leaf: TypeAlias = tuple[tuple[str | int, ...], str, str, bool]
"""A text inside of a value: its path, the name above it, itself, and whether it is a key."""


def find_secrets(
    value: object, name: str = "", path: tuple[str | int, ...] = ()
) -> Iterator[SecretFound]:
    """Yield the secrets inside of the value of a property `name`, in document order.

    `{name: DB_PASSWORD, value: …}` and `password: {value: …}` (an environment variable, a
    parameter of a policy) are read as what they mean. Keys are looked at too.
    """
    leaves: list[_Leaf] = []
    _collect(value, name, path, leaves)
    possible = _possible_in([text for _, _, text, _ in leaves])
    for index, (place, named, text, is_key) in enumerate(leaves):
        kind = None
        if index in possible or _may_be_coded(text):
            kind = _kind_of(text, possible.get(index, ()))
        if kind is None and names_secret(named) and not _NO_SECRET.fullmatch(text):
            kind = NAMED
        if kind is not None:
            yield SecretFound(place, kind, text, is_key)


def _collect(value: object, name: str, path: tuple[str | int, ...], leaves: list[_Leaf]) -> None:
    if isinstance(value, str):
        leaves.append((path, name, value, False))
    elif isinstance(value, (dict, Mapping)):  # dict by name: a test of a Mapping takes far longer
        called = value.get("name")
        outer = called if isinstance(called, str) else name
        for key, item in value.items():
            below = (*path, key)
            if len(key) >= _SHORTEST:
                leaves.append((below, "", key, True))
            meant = outer if key in _SLOTS else key
            _collect(item, name if name.lower() in _PROTECTED else meant, below, leaves)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _collect(item, name, (*path, index), leaves)
    elif isinstance(value, int) and value > _LARGEST_SETTING and names_secret(name):
        leaves.append((path, name, str(value), False))


def mask_value(value: object, name: str = "") -> object:
    """Return JSON with `(sensitive)` in the place of each text that is or holds a secret."""
    found = {secret.path for secret in find_secrets(value, name)}
    return _mask_at(value, (), found) if found else value


def _mask_at(
    value: object, path: tuple[str | int, ...], found: set[tuple[str | int, ...]]
) -> object:
    if path in found and not isinstance(value, str):
        return MASK
    if isinstance(value, str):
        if path not in found:
            return value
        masked = mask_secrets(value)
        return MASK if masked == value else masked
    if isinstance(value, Mapping):
        return {
            mask_secrets(str(key)): _mask_at(item, (*path, str(key)), found)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_mask_at(item, (*path, index), found) for index, item in enumerate(value)]
    return value
