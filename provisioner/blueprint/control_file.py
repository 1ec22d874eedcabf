"""The schema of a file of `kind: Control`, which states a custom control.

`blueprint.custom_controls` reads such files; `azsec schema` writes their JSON Schema, and `azsec
fmt` takes the order of their keys from here.
"""

from typing import Literal

from pydantic import Field

from provisioner.blueprint.file_model import FilePart

_ONE_LINE = r"^\S[^\r\n]*$"


class ControlMetadataFile(FilePart):
    """The id and the heading of a control.

    `id` is letters and a number (`ACME-01`); `chapter` is the heading that reports list it under.
    """

    id: str
    title: str = Field(pattern=_ONE_LINE, max_length=200)
    chapter: str = Field("Custom controls", pattern=_ONE_LINE, max_length=80)


class ControlMappingsFile(FilePart):
    """The same control in other frameworks.

    Recommendations of CIS AKS 1.8, GUIDs of built-in policies, and ids of checkov and PSRule.
    """

    cis: list[str] = Field(default_factory=list)
    policies: list[str] = Field(default_factory=list)
    checkov: list[str] = Field(default_factory=list)
    psrule: list[str] = Field(default_factory=list)


class ControlRuleFile(FilePart):
    """A condition on each resource of some types.

    `when`, `expect` and `evidence` are CEL over `resource`; `path` is the property that findings
    name.
    """

    types: list[str] = Field(min_length=1)
    when: str | None = Field(None, min_length=1)
    expect: str = Field(min_length=1)
    evidence: str | None = Field(None, min_length=1)
    path: str | None = Field(None, min_length=1)


class ControlFile(FilePart):
    """A control of a repository's own.

    `rules` state the conditions, the rest why and what satisfies them.
    """

    api_version: Literal["azsec/v1"] = Field(alias="apiVersion")
    kind: Literal["Control"]
    metadata: ControlMetadataFile
    severity: Literal["critical", "high", "medium", "low", "info"]
    layer: Literal["network", "identity", "data", "runtime", "audit"]
    rationale: str = Field(min_length=1)
    remediation: str = ""
    limits: str = ""
    mappings: ControlMappingsFile = Field(default_factory=ControlMappingsFile)
    rules: list[ControlRuleFile] = Field(min_length=1)
