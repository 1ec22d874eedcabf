"""Parameters from the command line and from variables: what a plan says of them, and its digest."""

from pathlib import Path

import pytest

from provisioner.simulator.server import LocalAzure
from tests.scenarios.test_saved_plans import azure, digest_in, edit, folder, forge, run, writes

__all__ = ["azure", "folder"]


@pytest.fixture
def tagged(folder: Path) -> Path:
    """An environment whose blueprint has a parameter that no file states."""
    edit(
        "blueprints/small.yaml",
        "resourceGroups:",
        "parameters:\n  team: {type: string}\n  label: {type: string, default: ''}\n"
        "resourceGroups:",
    )
    edit("blueprints/small.yaml", "properties: {", "tags: {team: '${team}'}\n    properties: {")
    return folder


def test_a_plan_file_with_given_values_is_applied_by_its_digest_alone(
    tagged: Path, azure: LocalAzure
) -> None:
    assert "the parameter 'team' is not given" in run("plan small -q")
    told = run("plan small -q --set team=blue --out p.azplan")
    assert "the parameter 'team' is 'blue', given by --set team." in told

    assert "was made with values that no file of the environment states: team (--set team)" in run(
        "apply p.azplan -q"
    )
    assert "--set: a plan file is applied as it is" in run("apply p.azplan -q --set team=red")
    approved = digest_in("p.azplan")
    forge("p.azplan", lambda plan: plan["request"]["parameters"]["team"].update(value="red"))
    assert writes(azure) == []
    assert "error" in run(f"apply p.azplan -q --digest {approved}")
    assert writes(azure) == []

    run("plan small -q --set team=blue --out p.azplan")
    assert digest_in("p.azplan") == approved
    assert "2 succeeded" in run(f"apply p.azplan -q --digest {approved}")
    assert "No changes" in run("plan small -q --set team=blue")
    assert "team" in run("drift small -q --set team=red")


def test_the_digest_follows_from_the_value_and_not_from_what_gave_it(
    tagged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("values.yaml").write_text("team: blue\n", encoding="utf-8")
    Path("team.txt").write_text("blue", encoding="utf-8")
    digests = []
    for options in ("--set team=blue", "--parameters values.yaml", "--set-file team=team.txt"):
        run(f"plan small -q {options} --out p.azplan")
        digests.append(digest_in("p.azplan"))
    monkeypatch.setenv("AZSEC_PARAM_team", "blue")
    run("plan small -q --out p.azplan")
    assert {*digests, digest_in("p.azplan")} == {digests[0]}

    # `label` changes no request, and the plan all the same: it is not what was reviewed.
    other = run(f"apply small -q --set label=x --digest {digests[0]}")
    assert "was approved. The plan now: create" in other
    assert "2 succeeded" in run(f"apply small -q --digest {digests[0]}")


def test_an_explanation_names_what_gave_a_value(tagged: Path) -> None:
    run("apply small -q --yes --set team=blue")
    told = run("plan small -q --set team=red --explain table")
    assert "parameter team at --set team" in told
    assert "no file states it" in told
    run("plan small -q --set team=red --out p.azplan")
    assert "parameter team at --set team" in run("show p.azplan --explain table")


def test_an_explanation_leads_through_locals(tagged: Path) -> None:
    edit(
        "blueprints/small.yaml", "resourceGroups:", "locals:\n  owner: of-${team}\nresourceGroups:"
    )
    edit("blueprints/small.yaml", "'${team}'", "'${owner}'")
    told = run("plan small -q --set team=red --explain table")
    assert "local owner at blueprints/small.yaml:8:10 owner: of-${team}" in told
    assert "parameter team, in an expression, at --set team" in told


def test_what_is_wrong_with_an_option_is_said(tagged: Path) -> None:
    assert "error: --set 'team' names no parameter and a value for it" in run(
        "validate small --set team"
    )
    assert "there is no file 'missing.yaml'" in run(
        "export small --output arm --parameters missing.yaml"
    )
    assert "the parameter 'team' is given by --set and by --set-file" in run(
        "check small --set team=a --set-file team=environments/small.yaml"
    )
    assert "blueprints/small.yaml has no parameter 'tem'. Did you mean 'team'?" in run(
        "destroy small --set tem=a"
    )


@pytest.mark.parametrize(
    "command",
    [
        "trace small",
        "access small",
        "graph small",
        "network small",
        "roles small",
        "manifests small",
        "report small --output json",
        "ownership migrate small --yes",
        "cluster plan small",
        "cluster apply small",
        "cluster drift small",
        "cluster observer small",
    ],
)
def test_every_command_that_reads_an_environment_takes_values(tagged: Path, command: str) -> None:
    """The blueprint has a parameter that nothing else gives."""
    missing = "the parameter 'team' is not given"
    assert missing in run(command)
    assert missing not in run(f"{command} --set team=blue")
    Path("values.yaml").write_text("team: blue\n", encoding="utf-8")
    assert missing not in run(f"{command} --parameters values.yaml")
    assert "error: --set tem" in run(f"{command} --set tem=blue")
