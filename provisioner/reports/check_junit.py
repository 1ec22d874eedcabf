"""Renders a check as JUnit XML: a test suite for each chapter, a test case for each control.

`cli/ci.py` and `cli/output.py` call it.
"""

from collections.abc import Sequence
from xml.etree import ElementTree

from provisioner.documents.census import UNREADABLE
from provisioner.documents.controls import FAIL, CheckDocument, ResultDocument
from provisioner.reports.values import plain
from provisioner.reports.verdict_wording import chapters


def render_check_junit(document: CheckDocument) -> str:
    """Return a check as JUnit XML.

    A control that is partial, waived, unknown or not applicable is skipped, with the reason; one
    that is unknown because something could not be read is an error.
    """
    unread = _controls_unread(document)
    told = [result for result in document.results if not result.is_group]
    root = ElementTree.Element("testsuites", name=f"azsec check {document.environment.name}")
    _set_counts(root, told, unread)
    _add_suites(root, told, unread)
    return _xml_text(root)


def render_checks_junit(documents: Sequence[CheckDocument]) -> str:
    """Return the checks of several environments as JUnit XML: a suite for each chapter of each."""
    root = ElementTree.Element("testsuites", name="azsec check")
    for document in documents:
        told = [result for result in document.results if not result.is_group]
        _add_suites(root, told, _controls_unread(document), f"{document.environment.name}: ")
    return _xml_text(root)


def _controls_unread(document: CheckDocument) -> frozenset[str]:
    return frozenset(
        control
        for entry in document.census.unknown
        if entry.reason == UNREADABLE
        for control in entry.controls
    )


def _add_suites(
    root: ElementTree.Element,
    told: Sequence[ResultDocument],
    unread: frozenset[str],
    prefix: str = "",
) -> None:
    for chapter, title in chapters(told).items():
        cases = [result for result in told if result.control.chapter == chapter]
        suite = ElementTree.SubElement(root, "testsuite", name=prefix + title)
        _set_counts(suite, cases, unread)
        for result in cases:
            _add_case(suite, result, unread)


def _xml_text(root: ElementTree.Element) -> str:
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode", xml_declaration=False)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _set_counts(
    element: ElementTree.Element, results: Sequence[ResultDocument], unread: frozenset[str]
) -> None:
    failing = sum(result.verdict == FAIL for result in results)
    passing = sum(result.verdict == "pass" for result in results)
    element.set("tests", str(len(results)))
    element.set("failures", str(failing))
    errors = sum(result.control.id in unread for result in results)
    element.set("errors", str(errors))
    element.set("skipped", str(len(results) - failing - passing - errors))


def _add_case(suite: ElementTree.Element, result: ResultDocument, unread: frozenset[str]) -> None:
    control = result.control
    case = ElementTree.SubElement(
        suite,
        "testcase",
        name=f"{control.id} {control.title}",
        classname=f"azsec.{control.chapter}.{control.layer}",
        time="0",
    )
    lines = [
        f"{plain(seen.address or seen.id)}: {plain(seen.evidence)}"
        for seen in result.findings
        if seen.verdict == result.verdict
    ]
    if result.verdict == FAIL:
        failure = ElementTree.SubElement(
            case, "failure", message=lines[0] if lines else control.title, type=control.severity
        )
        failure.text = "\n".join(lines)
    elif result.verdict != "pass":
        why = lines[0] if lines else plain(result.why)
        if result.verdict == "partial":
            why = f"needs {plain(result.outstanding)}"
        kind = "error" if control.id in unread else "skipped"
        ElementTree.SubElement(case, kind, message=f"{result.verdict}: {why}")
