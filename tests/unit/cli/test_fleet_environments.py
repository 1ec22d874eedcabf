"""Which environments the patterns of a fleet name: each once, and none left out unseen."""

import subprocess
from pathlib import Path

import pytest

from provisioner.cli.fleet_environments import list_fleet, only_changed
from provisioner.cli.workspace import find_siblings
from provisioner.model.diagnostic import DiagnosticError

ENVIRONMENT = "apiVersion: azsec/v1\nkind: Environment\nmetadata: {name: NAME}\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "environments" / "eu").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    write("environments/a.yaml", "a")
    write("environments/eu/b.yaml", "b")
    return tmp_path


def write(path, name):
    Path(path).write_text(ENVIRONMENT.replace("NAME", name), encoding="utf-8")


def names(*patterns):
    return [one.name for one in list_fleet(patterns)]


def test_a_file_that_is_named_in_several_ways_is_one_environment(folder):
    (folder / "environments" / "link.yaml").symlink_to("a.yaml")

    found = names("environments/eu/../a.yaml", "a", "environments/**")

    assert found == ["a", "b"]


def test_environments_of_one_name_are_told_apart_by_their_paths(folder):
    write("environments/eu/a.yaml", "a")

    assert names("environments/**") == ["environments/a.yaml", "environments/eu/a.yaml", "b"]


def test_what_cannot_be_read_is_asked_and_what_is_none_is_not(folder):
    (folder / "environments" / "broken.yaml").symlink_to("nowhere.yaml")
    (folder / "environments" / "latin.yaml").write_bytes(b"kind: Environment # \xff")
    (folder / "environments" / "folder.yaml").mkdir()
    (folder / "environments" / "base.yaml").write_text("kind: EnvironmentBase\n")
    (folder / "environments" / "mistake.yaml").write_text("kind: [Environment\n")

    found = [one.path.removeprefix("environments/") for one in list_fleet(["environments/**"])]

    assert found == ["a.yaml", "broken.yaml", "eu/b.yaml", "latin.yaml", "mistake.yaml"]
    assert find_siblings("environments/a.yaml") == (
        "environments/latin.yaml",
        "environments/mistake.yaml",
    ), "a broken link is not a reason for another environment to fail"


def test_a_file_that_may_be_an_environment_is_not_left_out_unseen(folder):
    texts = {
        "typo": "apiVersion: azsec/v1\nkind: Enviroment\n",
        "kindless": "apiVersion: azsec/v1\nmetadata: {name: x}\n",
        "empty": "",
        "module": "apiVersion: azsec/v1\nkind: Module\n",
        "pod": "apiVersion: v1\nkind: Pod\n",
    }
    for name, text in texts.items():
        (folder / "environments" / f"{name}.yaml").write_text(text)

    found = [Path(one.path).stem for one in list_fleet(["environments/**"])]
    assert found == ["a", "empty", "b", "kindless", "typo"]


def test_an_empty_name_is_no_pattern_for_everything(folder):
    with pytest.raises(DiagnosticError, match=r"'' names no environment"):
        list_fleet([""])


def test_a_folder_that_cannot_be_read_is_named(folder, monkeypatch):
    def refuse(top, onerror):
        onerror(PermissionError(13, "Permission denied", "environments/eu"))
        return []

    monkeypatch.setattr("provisioner.cli.fleet_environments.os.walk", refuse)
    with pytest.raises(DiagnosticError, match=r"environments/eu cannot be read: Permission denied"):
        list_fleet(["environments/**"])


def test_a_path_that_is_no_text_is_refused_by_name(folder):
    (folder / "environments" / "\udcff.yaml").write_text(ENVIRONMENT)

    with pytest.raises(DiagnosticError, match=r"udcff\.yaml' is not UTF-8"):
        list_fleet(["environments/**"])


DESCRIBED = """\
apiVersion: azsec/v1
kind: Environment
metadata: {{name: {0}, id: {1}}}
blueprint: ../{0}.yaml
cloud: local
tenantId: 00000000-0000-0000-0000-000000000000
subscriptions: {{main: 11111111-1111-1111-1111-111111111111}}
"""
BLUEPRINT = """\
apiVersion: azsec/v1
kind: Blueprint
metadata: {{name: {0}}}
resourceGroups: {{main: {{name: rg-{0}, subscription: main, location: westeurope}}}}
resources:
  network:
    type: Microsoft.Network/virtualNetworks
    name: vnet-{0}
    resourceGroup: main
    properties: {{addressSpace: {{addressPrefixes: [{1}]}}}}
"""


def describe(file, name):
    text = DESCRIBED.format(name, name * 32)
    Path("environments", f"{file}.yaml").write_text(text, encoding="utf-8")


def write_blueprint(name, space):
    Path(f"{name}.yaml").write_text(BLUEPRINT.format(name, space), encoding="utf-8")


def git(*words):
    who = ["-c", "user.name=Ada Lovelace", "-c", "user.email=ada@contoso.example"]
    subprocess.run(["git", *who, *words], check=True, capture_output=True)


def commit():
    git("add", "--all")
    git("commit", "-qm", "Change something")


def changed_since(revision):
    return [one.name for one in only_changed(list_fleet(["environments/**"]), revision)]


def test_a_file_that_is_not_committed_has_changed_since_a_revision(folder):
    (folder / "environments" / "eu" / "b.yaml").unlink()
    for name in "abc":
        describe(name, name)
        write_blueprint(name, "10.0.0.0/16")
    git("init", "-q", ".")
    commit()
    git("branch", "shared")
    assert changed_since("shared") == []

    write_blueprint("a", "10.1.0.0/16")
    assert changed_since("shared") == ["a"], "edited"
    git("checkout", "-q", "-b", "mine")
    commit()
    write_blueprint("c", "10.2.0.0/16")
    git("add", "--all")
    assert changed_since("shared") == ["a", "c"], "committed, and staged"
    git("checkout", "-q", "-f", "shared")
    write_blueprint("b", "10.3.0.0/16")
    commit()
    git("checkout", "-q", "mine")
    assert changed_since("shared") == ["a"], "what others changed since is not ours"

    describe("new", "d")
    write_blueprint("d", "10.4.0.0/16")
    Path(".gitignore").write_text("new.yaml\nd.yaml\n")
    assert changed_since("shared") == ["a"], "ignored by git"
    Path(".gitignore").unlink()
    assert changed_since("shared") == ["a", "d"], "not tracked yet"


def test_a_revision_is_no_option_of_git(folder):
    with pytest.raises(DiagnosticError, match=r"--output=pwned"):
        only_changed(list_fleet(["a"]), "--output=pwned")
    assert not list(folder.glob("pwned*"))
