"""Common parts of the OSCAL documents: identifiers, metadata, properties, text.

OSCAL 1.2: https://pages.nist.gov/OSCAL/reference/. Identifiers are derived from what they identify
(UUID version 5), so that the same state gives the same document, except for times. `ocsf_findings`,
`oscal_components` and `oscal_results` call it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from provisioner.documents.controls import ControlDocument
from provisioner.documents.document import EnvironmentDocument
from provisioner.documents.report import ReportDocument
from provisioner.reports.values import plain

OSCAL_VERSION = "1.2.3"
"""The OSCAL release whose schema the tests validate the documents against."""
NAMESPACE = "https://azsec.invalid/oscal"
"""The namespace of azsec's own properties: an identifier, which does not resolve."""
GUIDELINES = "guidelines"
_ROOT = UUID("5b0a1a0e-6f0c-5c6e-9a51-3f0d4f6f1d5a")
_TITLES = {
    GUIDELINES: "Guidelines for Securing Kubernetes on Azure, as controls of azsec",
}
_MARKUP = re.compile(r"([\\`*\[\]<>&!|])")
_NO_TOKEN = re.compile(r"[^\w.\-]", re.ASCII)

Json = dict[str, Any]


def identifier(*names: str) -> str:
    """Return the UUID of something by its names: always the same."""
    # YAML can escape single surrogates, which UTF-8 cannot encode.
    text = "\x1f".join(names).encode("utf-8", "backslashreplace").decode("utf-8")
    return str(uuid5(_ROOT, text))


def environment_key(environment: EnvironmentDocument) -> str:
    """Return the unique key of an environment: its tenant, subscriptions and name."""
    guids = ",".join(sorted(set(environment.subscriptions.values())))
    return f"{environment.tenant_id}/{guids}/{environment.name}"


def content_identifier(kind: str, content: Mapping[str, Any]) -> str:
    """Return the UUID of a document by its content without times.

    OSCAL requires another UUID when the content changes.
    """
    text = json.dumps(_without_times(content), sort_keys=True, ensure_ascii=False)
    return identifier(kind, sha256(text.encode("utf-8", "surrogatepass")).hexdigest())


_TIMES = frozenset({"start", "end", "collected", "last-modified", "published", "version"})


def _without_times(value: Any) -> Any:  # noqa: ANN401  any JSON
    if isinstance(value, Mapping):
        return {key: _without_times(each) for key, each in value.items() if key not in _TIMES}
    if isinstance(value, (list, tuple)):
        return [_without_times(each) for each in value]
    return value


def markup(text: str) -> str:
    """Return untrusted text as OSCAL's markup (CommonMark) on one line: nothing of it is markup."""
    return _MARKUP.sub(r"\\\1", plain(text)).strip() or "not stated"


def token(text: str) -> str:
    """Return a text as an OSCAL token.

    An underscore replaces each character that a token cannot have, and precedes a first character
    that is not a letter.
    """
    cleaned = _NO_TOKEN.sub("_", text)
    return cleaned if re.match(r"[A-Za-z_]", cleaned) else f"_{cleaned}"


def prop(name: str, value: str) -> Json:
    """Return a property of azsec's own. OSCAL has no empty values, nor space around them."""
    return {"name": name, "ns": NAMESPACE, "value": plain(value).strip() or "none"}


def metadata(report: ReportDocument, title: str) -> Json:
    """Return the metadata of a document."""
    return {
        "title": title,
        "last-modified": report.generated_at,
        "version": report.generated_at,
        "oscal-version": OSCAL_VERSION,
        "remarks": "Written by azsec report.",
    }


def source_of(framework: str, title: str) -> Json:
    """Return the back-matter resource for a framework without an OSCAL catalog."""
    return {
        "uuid": identifier("framework", framework),
        "title": markup(_TITLES.get(framework, title)),
        "description": "Control ids are those of the framework; where one begins with a digit, an "
        "underscore precedes it.",
    }


def mapping_props(control: ControlDocument) -> list[Json]:
    """Return the same control in other frameworks, as properties."""
    mapped = control.mappings
    named: Sequence[tuple[str, Sequence[str]]] = (
        ("cis-aks-1.8", mapped.cis),
        ("azure-policy", mapped.policies),
        ("checkov", mapped.checkov),
        ("psrule", mapped.psrule),
    )
    return [prop(name, value) for name, values in named for value in values]


def render(document: Mapping[str, Any]) -> str:
    """Return a document as JSON with a final newline."""
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"
