"""An environment and the base that it extends: found, validated, explained, upgraded, reviewed."""

from pathlib import Path

from provisioner.blueprint.environment import load_environment
from provisioner.cli.ci_environments import list_environments
from provisioner.cli.workspace import FileSources, find_siblings
from provisioner.workflow.affected_environments import find_touched
from tests.scenarios.test_saved_plans import ENVIRONMENT, azure, digest_in, edit, folder, run

__all__ = ["azure", "folder"]

OVERLAY = """\
apiVersion: azsec/v1
kind: Environment
metadata: {name: small}
extends: base.yaml
parameters: {label: own}
"""


def _split(base: str = "") -> None:
    """Move all that the environment states into a base, but its metadata."""
    edit(
        "blueprints/small.yaml",
        "resourceGroups:",
        "parameters:\n  team: {type: string}\n  label: {type: string}\nresourceGroups:",
    )
    edit("blueprints/small.yaml", "properties: {", "tags: {team: '${team}'}\n    properties: {")
    text = ENVIRONMENT.replace("metadata: {name: small}\n", "")
    text = text.replace("kind: Environment", "kind: EnvironmentBase")
    Path("environments/base.yaml").write_text(text + base, encoding="utf-8")
    Path("environments/small.yaml").write_text(OVERLAY, encoding="utf-8")


def test_a_base_is_part_of_an_environment_and_none_itself(folder: Path) -> None:
    _split("parameters: {team: blue}\n")

    assert "small.yaml is valid: 2 resources" in run("validate small --set team=x")
    assert "environments/base.yaml:2:7: error: environments/base.yaml is a base" in run(
        "validate base"
    )
    assert "there is no environment 'smal'" in (told := run("validate smal"))
    assert "base" not in told
    assert list_environments() == ("environments/small.yaml",)
    assert find_siblings("environments/small.yaml") == ()


def test_a_value_of_the_base_is_explained_and_changes_the_plan(folder: Path) -> None:
    _split("parameters: {team: blue, label: base}\n")
    run("plan small -q --out p.azplan")
    assert "parameter team at environments/base.yaml:8:20" in run("plan small -q --explain table")
    edit("environments/base.yaml", "team: blue", "team: red")
    before = digest_in("p.azplan")
    run("plan small -q --out p.azplan")
    assert digest_in("p.azplan") != before


def test_an_environment_is_touched_where_its_base_changes(folder: Path) -> None:
    _split("parameters: {team: blue}\n")
    changed = {"environments/base.yaml": "environments/base.yaml"}
    touched, unknown = find_touched(
        ["environments/small.yaml"],
        changed,
        load_environment,
        FileSources(),
        lambda path: (path,),
    )
    assert [(one.path, one.files) for one in touched] == [
        ("environments/small.yaml", ("environments/base.yaml",))
    ]
    assert not unknown
