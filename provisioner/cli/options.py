"""The options that several groups of commands share."""

from enum import StrEnum
from typing import Annotated

import typer

from provisioner.cli.durations import read_duration, read_timeout


class OutputFormat(StrEnum):
    """How a command prints its result."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


class PlainFormat(StrEnum):
    """How a command prints its result that has no Markdown."""

    TEXT = "text"
    JSON = "json"


class EnvironmentFormat(StrEnum):
    """How variables of a shell are printed."""

    SH = "sh"
    FISH = "fish"
    POWERSHELL = "powershell"
    DOTENV = "dotenv"
    JSON = "json"


class CloudChoice(StrEnum):
    """Where `--cloud` can send a command instead of the environment's own cloud."""

    LOCAL = "local"


class PipelineKind(StrEnum):
    """The CI that pipelines are written for."""

    GITHUB = "github"
    AZURE_PIPELINES = "azure-pipelines"


class StateChoice(StrEnum):
    """Which state of an environment a command looks at."""

    DESIRED = "desired"
    PLANNED = "planned"
    ACTUAL = "actual"


FormatOption = Annotated[
    OutputFormat, typer.Option("--output", "-o", help="Set the output format.")
]
PlainFormatOption = Annotated[
    PlainFormat, typer.Option("--output", "-o", help="Set the output format.")
]


class FrameworkChoice(StrEnum):
    """The compliance framework by which the results of a check are grouped."""

    OUTLINE = "outline"
    CIS = "cis-aks-1.8"
    POLICY = "azure-policy"
    CHECKOV = "checkov"
    PSRULE = "psrule"


ExplainOption = Annotated[
    str | None,
    typer.Option(
        "--explain",
        metavar="ADDRESS",
        help="Explain why the plan changes this resource, instead of printing the plan: "
        "properties, file lines, commits, writes in Azure, dependent resources.",
        show_default=False,
    ),
]
FullOption = Annotated[
    bool,
    typer.Option("--full", help="List every entry instead of a summary."),
]
EnvironmentArgument = Annotated[
    str,
    typer.Argument(
        metavar="ENV",
        help="Environment: a name (environments/ENV.yaml) or the path of its file.",
        show_default=False,
    ),
]
ControlsEnvironmentOption = Annotated[
    str | None,
    typer.Option(
        "--environment",
        metavar="ENV",
        help="Include the custom controls of this environment.",
        show_default=False,
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Set a parameter of the blueprint: strings verbatim, other types as YAML. Repeatable.",
        show_default=False,
    ),
]
SetFileOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set-file",
        metavar="NAME=FILE",
        help="Set a parameter of the blueprint to the content of a file. Repeatable.",
        show_default=False,
    ),
]
ParametersOption = Annotated[
    list[str] | None,
    typer.Option(
        "--parameters",
        metavar="FILE",
        help="Set parameters from a YAML file. Repeatable; --set takes precedence.",
        show_default=False,
    ),
]
ParallelismOption = Annotated[
    int,
    typer.Option(
        min=1, max=64, metavar="NUMBER", help="Limit the Azure requests that run at once."
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Suppress progress output.")]
StateKindOption = Annotated[
    StateChoice,
    typer.Option(
        "--of",
        help="Select the state: what the blueprint declares (desired), the result of a plan "
        "(planned), or what is in Azure (actual).",
    ),
]
CloudOption = Annotated[
    CloudChoice | None,
    typer.Option(envvar="AZSEC_CLOUD", help="Override the cloud: `local` uses the built-in Azure."),
]
LocalStateOption = Annotated[
    str | None,
    typer.Option(
        "--state",
        metavar="FILE",
        envvar="AZSEC_LOCAL_STATE",
        help="Set the state file of the built-in Azure.",
        show_default=".azsec/local.db",
    ),
]
RealisticOption = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        metavar="FACTOR",
        help="Simulate the durations of Azure in the built-in Azure, multiplied by FACTOR.",
        show_default=False,
    ),
]
ForceConflictsOption = Annotated[
    bool,
    typer.Option("--force-conflicts", help="Take over fields that another field manager owns."),
]
KubeconfigOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Use this kubeconfig instead of the access that the environment configures.",
        show_default=False,
    ),
]
ContextOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Select the context of the kubeconfig. Default: its current context.",
        show_default=False,
    ),
]
LockTimeoutOption = Annotated[
    float,
    typer.Option(
        parser=read_duration,
        metavar="DURATION",
        help="Wait this long for another apply to release the environment's lock.",
        show_default="0s",
    ),
]
NoPreflightOption = Annotated[
    bool, typer.Option("--offline", help="Skip the preflight checks against Azure.")
]
WorkersOption = Annotated[
    int,
    typer.Option(
        "--workers",
        min=1,
        max=64,
        metavar="NUMBER",
        help="Limit the environments that run at once.",
    ),
]
TimeoutOption = Annotated[
    float,
    typer.Option(
        parser=read_timeout,
        metavar="DURATION",
        help="Report environments without a result after this time as failed.",
        show_default="50m",
    ),
]
SinceOption = Annotated[
    str | None,
    typer.Option(
        metavar="DURATION|TIME",
        help="Attribute drift to the writes since this time: a duration back (7d, 36h), or a "
        "date or time (2026-11-01); at most 90 days.",
        show_default="14d",
    ),
]
StrictTagsOption = Annotated[
    bool,
    typer.Option("--strict-tags", help="Report tags that the blueprint does not declare as drift."),
]
ObservationFilesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--observation",
        metavar="FILE|DIR",
        help="Read the objects of the cluster from this file: an observation (`azsec cluster "
        "observe`), a list (`kubectl get -A -o json`, as FILE or RESOURCE=FILE), or the JSON "
        "report of kube-bench; of a folder, all *.json. Repeatable; for one environment.",
        show_default=False,
    ),
]
AllNamespacesOption = Annotated[
    bool,
    typer.Option(
        "--all-namespaces",
        "-A",
        help="Declare that the lists cover all namespaces, without a selector (`kubectl get -A` "
        "with no -l and no --field-selector), which a list itself does not show. Without "
        "it, a list of one namespace counts as a list of that namespace only.",
    ),
]
