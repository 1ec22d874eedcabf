"""The trend of an environment: a report compared with earlier ones.

Called by `cli` for `azsec report`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from provisioner.documents.document import FORMAT_VERSION, EnvironmentDocument
from provisioner.documents.report import (
    EnvironmentReportDocument,
    PostureDocument,
    ReportDocument,
    SkippedFileDocument,
    TrendDocument,
)

MOST_POINTS = 12
"""The maximum of reports in a trend: a page cannot show more columns legibly."""


class _Environment(BaseModel):
    """The fields of an environment in an earlier report that a trend needs."""

    model_config = ConfigDict(extra="ignore", alias_generator=to_camel, populate_by_name=True)

    environment: EnvironmentDocument | None = None
    posture: PostureDocument | None = None


class _Report(BaseModel):
    model_config = ConfigDict(extra="ignore", alias_generator=to_camel, populate_by_name=True)

    environments: tuple[_Environment, ...]


@dataclass(frozen=True, slots=True)
class History:
    """The earlier results of environments, by their identity, and the files that have none."""

    postures: Mapping[tuple[str, ...], tuple[PostureDocument, ...]]
    skipped: tuple[SkippedFileDocument, ...] = ()


def read_history(texts: Mapping[str, str]) -> History:
    """Return the results of environments in earlier reports (JSON, by the names of their files).

    A file that is no report is skipped, with the reason.
    """
    postures: dict[tuple[str, ...], dict[tuple[str, str], PostureDocument]] = {}
    skipped: list[SkippedFileDocument] = []
    for file, text in sorted(texts.items()):
        reason = _why_not_a_report(text)
        if reason is None:
            try:
                found = _Report.model_validate_json(text)
            except ValidationError as problem:
                first = problem.errors()[0]
                where = ".".join(map(str, first["loc"]))
                reason = f"it is damaged: {where}: {first['msg']}"
            else:
                for entry in found.environments:
                    if entry.posture is not None and not _adds_up(entry.posture):
                        reason = "it is damaged: its counts do not add up"
                    elif entry.posture is not None and entry.environment is not None:
                        key = entry.posture.at, entry.posture.state
                        of_it = postures.setdefault(_environment_identity(entry.environment), {})
                        of_it[key] = entry.posture
        if reason is not None:
            skipped.append(SkippedFileDocument(file=file, reason=reason))
    return History(
        {name: tuple(found[key] for key in sorted(found)) for name, found in postures.items()},
        tuple(skipped),
    )


def _adds_up(posture: PostureDocument) -> bool:
    """Return whether counts can be those of a report; a page draws them."""
    tally = posture.tally
    parts = (tally.passed, tally.partial, tally.failed, tally.waived, tally.unknown)
    return min(*parts, tally.not_assessed) >= 0 and sum(parts) + tally.not_assessed == (
        tally.applicable
    )


def _environment_identity(environment: EnvironmentDocument) -> tuple[str, ...]:
    """Return the identity of an environment: its name alone may exist in every tenant."""
    subscriptions = sorted(each.lower() for each in environment.subscriptions.values())
    return (environment.name, environment.tenant_id.lower(), *subscriptions)


def _why_not_a_report(text: str) -> str | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return "it is not JSON"
    if not isinstance(found, dict) or found.get("kind") != "azsec/report":
        return "it is not a report of azsec"
    version = found.get("formatVersion")
    if version != FORMAT_VERSION:
        return f"its format version is {version!r}; {FORMAT_VERSION!r} is read"
    return None


def with_trends(report: ReportDocument, history: History) -> ReportDocument:
    """Return a report whose environments have a trend.

    It consists of earlier reports of the same state, and this one; later ones are left out.
    """
    return report.model_copy(
        update={
            "environments": tuple(
                _with_trend(
                    entry, history.postures.get(_environment_identity(entry.environment), ())
                )
                if entry.environment is not None
                else entry
                for entry in report.environments
            ),
            "skipped": history.skipped,
        }
    )


def _with_trend(
    entry: EnvironmentReportDocument, known: Sequence[PostureDocument]
) -> EnvironmentReportDocument:
    now = entry.posture
    if now is None:
        return entry
    earlier = [past for past in known if past.state == now.state and past.at < now.at]
    before = frozenset(earlier[-1].failing) if earlier else frozenset(now.failing)
    failing = frozenset(now.failing)
    # A control that no longer fails because it could not be read is not repaired.
    settled = now.certain and (not earlier or earlier[-1].certain)
    trend = TrendDocument(
        points=(*earlier[-(MOST_POINTS - 1) :], now),
        earlier=len(earlier),
        newly_failing=tuple(sorted(failing - before)),
        no_longer_failing=tuple(sorted(before - failing)) if settled else (),
    )
    return entry.model_copy(update={"trend": trend})
