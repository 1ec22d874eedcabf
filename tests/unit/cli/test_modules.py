"""Modules from git: what is locked is what is composed, on real repositories.

The repositories are on this machine (`file://`, which has to be allowed); everything else is as
with a host. An address that nobody answers stands for a network that is down.
"""

import json
import os
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.cli.application import app
from provisioner.cli.failure import run_guarded
from provisioner.sources import git_command
from provisioner.sources.git_command import GitCommand

NETWORK = """\
apiVersion: azsec/v1
kind: Module
description: A network with rules.
parameters:
  name: {type: string, pattern: "[a-z]+", description: What it is called.}
  range: {type: cidr, default: 10.0.0.0/24}
resources:
  network:
    type: Microsoft.Network/virtualNetworks
    name: vnet-${name}
    properties: {addressSpace: {addressPrefixes: ["${range}"]}}
modules:
  rules: {source: ../common/rules.yaml}
outputs: {id: "${network.id}"}
"""
RULES = """\
apiVersion: azsec/v1
kind: Module
resources:
  rules: {type: Microsoft.Network/networkSecurityGroups, name: nsg-RULES}
"""
MODULE = "apiVersion: azsec/v1\nkind: Module\n"
BLUEPRINT = """\
apiVersion: azsec/v1
kind: Blueprint
metadata: {name: app}
resourceGroups: {main: {subscription: workload, name: rg-app, location: westeurope}}
modules:
  app: {resourceGroup: main, source: "SOURCE", parameters: {name: app}}
"""
ENVIRONMENT = """\
apiVersion: azsec/v1
kind: Environment
metadata: {name: dev, id: 00000000000000000000000000000d01}
blueprint: ../blueprints/app.yaml
cloud: local
tenantId: 99999999-9999-9999-9999-999999999999
subscriptions: {workload: 11111111-1111-1111-1111-111111111111}
gates: {controls: none}
"""


class Remote:
    """A repository of modules, as its owner sees it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    @property
    def url(self) -> str:
        return f"file://{self.folder}"

    def source(self, path: str, ref: str = "v1.0.0") -> str:
        return f"git::{self.url}//{path}?ref={ref}"

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=Ada", "-c", "user.email=ada@contoso.example")
        command = ["git", "-C", str(self.folder), *identity, "-c", "commit.gpgsign=false"]
        done = subprocess.run([*command, *arguments], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def release(self, files: dict[str, str], tag: str = "v1.0.0") -> str:
        for path, text in files.items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", tag)
        self.git("tag", "--force", "--annotate", "--message", tag, tag)
        return self.git("rev-parse", "HEAD")


class Clone:
    """A repository with an environment, and a person at its command line."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.write("environments/dev.yaml", ENVIRONMENT)

    def write(self, path: str, text: str) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")

    def use(self, source: str) -> None:
        self.write("blueprints/app.yaml", BLUEPRINT.replace("SOURCE", source))

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command; return what it printed, on one line."""
        self._capsys.readouterr()
        ended = run_guarded(app, list(arguments))
        told = self._capsys.readouterr()
        assert ended == code, told.out + told.err
        return " ".join((told.out + told.err).split())


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def forget(cache: Path) -> Iterator[Path]:
    """The contents of modules in the cache, which are removed after the test."""
    yield cache / "modules"
    shutil.rmtree(cache / "modules", ignore_errors=True)


@pytest.fixture
def clone(
    tmp_path: Path,
    cache: Path,
    forget: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Clone:
    monkeypatch.setenv("AZSEC_CACHE", str(cache))
    monkeypatch.setenv("AZSEC_ALLOW_FILE_SOURCES", "1")
    (tmp_path / "clone").mkdir()
    monkeypatch.chdir(tmp_path / "clone")
    return Clone(capsys)


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path / "modules")


def test_what_is_locked_is_what_is_composed(clone, remote, forget, monkeypatch) -> None:
    commit = remote.release({"modules/network.yaml": NETWORK, "common/rules.yaml": RULES})
    clone.use(remote.source("modules/network.yaml"))

    told = clone.run("validate", "dev", code=1)
    assert "blueprints/app.yaml:6:38: error:" in told
    assert f"{remote.url} at v1.0.0 is not locked: it is not in azsec.lock." in told

    assert clone.run("modules", "update", "--check", code=2)
    assert not Path("azsec.lock").exists()
    told = clone.run("modules", "update")
    assert f"added {remote.url} at v1.0.0: {commit} azsec.lock was written; commit it" in told
    lock = Path("azsec.lock").read_text(encoding="utf-8")
    assert commit in lock
    assert re.findall(r'"(\S+yaml)": sha256', lock) == ["common/rules.yaml", "modules/network.yaml"]
    assert "is valid: 3 resources" in clone.run("validate", "dev")
    assert "unchanged" in clone.run("modules", "update", "--check")

    told = clone.run("modules", "show", remote.source("modules/network.yaml"))
    assert f"locked v1.0.0 at {commit}" in told
    assert "name string (required) What it is called. (matches [a-z]+)" in told
    assert "range cidr 10.0.0.0/24" in told

    # The tag moves: nothing is composed otherwise for it, from the cache or anew by the commit.
    later = remote.release({"common/rules.yaml": RULES.replace("RULES", "other")})
    shutil.rmtree(forget)
    assert "is valid: 3 resources" in clone.run("validate", "dev")
    told = clone.run("modules", "update", code=1)
    assert f"the tag 'v1.0.0' of {remote.url} was {commit} when it was locked, and is " in told
    assert later in told
    told = clone.run("modules", "update", "--check", code=2)
    assert f"moved {remote.url} at v1.0.0" in told
    assert later in told
    assert Path("azsec.lock").read_text(encoding="utf-8") == lock

    # The commit is gone with its branch, and the cache is empty.
    remote.git("checkout", "--quiet", "--orphan", "new")
    shutil.rmtree(remote.folder / ".git")
    remote.git("init", "--quiet", "--initial-branch=main")
    later = remote.release({"a.yaml": MODULE})
    shutil.rmtree(forget)
    told = clone.run("validate", "dev", code=1)
    assert f"was {commit} when it was locked, and is {later} now" in told

    shutil.rmtree(remote.folder)
    monkeypatch.setenv("AZSEC_OFFLINE", "1")
    assert "is not in the cache, and the network is not to be used" in clone.run(
        "validate", "dev", code=1
    )


def test_a_server_of_the_old_protocol_gives_the_tag(clone, remote, forget, monkeypatch) -> None:
    commit = remote.release({"modules/network.yaml": NETWORK, "common/rules.yaml": RULES})
    remote.release({"later.yaml": MODULE}, tag="v2.0.0")
    for number, (key, value) in enumerate(
        (("protocol.version", "0"), ("uploadpack.allowFilter", "false"))
    ):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    clone.use(remote.source("modules/network.yaml"))
    assert f"at v1.0.0: {commit}" in clone.run("modules", "update")

    # A commit that no ref stands for cannot be had of such a server.
    clone.use(remote.source("modules/network.yaml", ref=commit))
    assert f"does not give the commit {commit}" in clone.run("modules", "update", code=1)


def test_an_update_of_one_environment_keeps_what_others_use(clone, remote) -> None:
    first = remote.release({"modules/network.yaml": NETWORK, "common/rules.yaml": RULES})
    second = remote.release({"modules/network.yaml": MODULE}, tag="v2.0.0")
    clone.use(remote.source("modules/network.yaml"))
    clone.write("environments/prod.yaml", ENVIRONMENT.replace("app.yaml", "prod.yaml"))
    clone.write(
        "blueprints/prod.yaml",
        BLUEPRINT.replace("SOURCE", remote.source("modules/network.yaml", ref="v2.0.0")),
    )
    told = clone.run("modules", "update", "dev")
    assert first in told
    assert second not in told
    told = clone.run("modules", "update", "prod")
    assert f"unchanged {remote.url} at v1.0.0: {first} added {remote.url} at v2.0.0" in told
    Path("environments/dev.yaml").unlink()
    assert f"removed {remote.url} at v1.0.0: no environment uses it" in clone.run(
        "modules", "update"
    )


def test_what_cannot_be_read_loses_no_source_of_the_lock(clone, remote) -> None:
    """A mistake in an environment, or one in a sub-folder, is told: its sources stay locked."""
    remote.release({"modules/network.yaml": NETWORK, "common/rules.yaml": RULES})
    clone.use(remote.source("modules/network.yaml"))
    clone.write("environments/team/own.yaml", ENVIRONMENT.replace("../", "../../"))
    clone.write("environments/team/values.yaml", "name: net\n")
    assert "environments/team/own.yaml" in clone.run("modules", "update", "-o", "json")
    lock = Path("azsec.lock").read_text(encoding="utf-8")

    for path in ("environments/dev.yaml", "environments/team/own.yaml"):
        text = Path(path).read_text(encoding="utf-8")
        clone.write(path, text + "a: [\n")
        assert f"{path}:" in clone.run("modules", "update", code=1)
        assert f"{path}:" in clone.run("modules", "update", "--check", code=1)
        clone.write(path, text)
        assert Path("azsec.lock").read_text(encoding="utf-8") == lock


def test_an_environment_of_another_repository_has_the_lock_of_that(
    clone, remote, tmp_path, monkeypatch
) -> None:
    remote.release({"modules/network.yaml": NETWORK, "common/rules.yaml": RULES})
    clone.use(remote.source("modules/network.yaml"))
    Path(".git").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    path = "../clone/environments/dev.yaml"

    assert "not locked" in clone.run("validate", path, code=1)
    assert "added" in clone.run("modules", "update", path)
    assert Path("../clone/azsec.lock").is_file()
    assert not Path("azsec.lock").exists()
    assert "is valid" in clone.run("validate", path)
    clone.write("environments/own.yaml", ENVIRONMENT)
    assert "have several locks" in clone.run("modules", "update", path, "own", code=1)


def test_a_base_in_git_brings_the_blueprint_beside_it(clone, remote) -> None:
    commit = remote.release(
        {
            "bases/app.yaml": ENVIRONMENT.replace(
                "kind: Environment", "kind: EnvironmentBase"
            ).replace("metadata: {name: dev, id: 00000000000000000000000000000d01}\n", ""),
            "blueprints/app.yaml": BLUEPRINT.replace("SOURCE", "../modules/network.yaml"),
            "modules/network.yaml": NETWORK,
            "common/rules.yaml": RULES,
        }
    )
    clone.write(
        "environments/dev.yaml",
        "apiVersion: azsec/v1\nkind: Environment\n"
        "metadata: {name: dev, id: 00000000000000000000000000000d01}\n"
        f"extends: {remote.source('bases/app.yaml')}\n",
    )
    assert "environments/dev.yaml:4:10: error:" in clone.run("validate", "dev", code=1)
    assert commit in clone.run("modules", "update")
    assert '"bases/app.yaml"' in Path("azsec.lock").read_text(encoding="utf-8")
    assert "is valid: 3 resources" in clone.run("validate", "dev")


def test_a_plan_names_the_commits_that_it_is_composed_from(clone, remote) -> None:
    commit = remote.release({"modules/network.yaml": NETWORK, "common/rules.yaml": RULES})
    clone.use(remote.source("modules/network.yaml"))
    clone.run("modules", "update")
    told = clone.run("plan", "dev", "--out", "dev.azplan", "--quiet")
    assert f"from {remote.url} v1.0.0 ({commit[:12]})" in told

    told = clone.run("plan", "dev", "--quiet", "--output", "markdown")
    assert f"`from {remote.url} v1.0.0 ({commit[:12]})`" in told
    # Code scanning takes places in this repository alone; the real one is in the message.
    findings = json.loads(clone.run("check", "dev", "--output", "sarif"))["runs"][0]["results"]
    places = {
        each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in findings
    }
    assert places <= {"environments/dev.yaml", "blueprints/app.yaml"}
    assert any(
        f"({remote.source('common/rules.yaml')}:" in each["message"]["text"] for each in findings
    )
    assert "not in this repository" in clone.run("plan", "dev", "--explain", "app.network", "-q")

    # Another commit with the same content: the same resources, and not the plan that was reviewed.
    remote.release({"README.md": "Newer."})
    clone.run("modules", "update", "--allow-moved")
    told = clone.run("apply", "dev.azplan", "--quiet", code=1)
    assert "the modules from git changed since the plan was made" in told
    clone.run("plan", "dev", "--out", "dev.azplan", "--quiet")
    clone.run("apply", "dev.azplan", "--quiet")
    told = clone.run("plan", "dev", "--quiet", "--output", "json")
    assert '"ref": "v1.0.0"' in told
    assert '"unchanged": 3' in told


def test_an_edited_lock_is_refused_by_name(clone, remote, forget) -> None:
    remote.release({"modules/network.yaml": NETWORK, "common/rules.yaml": RULES})
    clone.use(remote.source("modules/network.yaml"))
    clone.run("modules", "update")
    lock = Path("azsec.lock")
    text = lock.read_text(encoding="utf-8")
    digest = re.findall(r"network.yaml\": (sha256:\w+)", text)[0]

    lock.write_text(text.replace(digest, f"sha256:{'0' * 64}"), encoding="utf-8")
    assert f"azsec.lock is not as azsec wrote it: {remote.url} at v1.0.0" in clone.run(
        "validate", "dev", code=1
    )

    commit = re.findall(r"commit: \"(\w+)\"", text)[0]
    lock.write_text(text.replace(commit, "deadbeef" * 5), encoding="utf-8")
    # All files are in the cache: nothing is fetched, and no commit is looked for.
    assert "azsec.lock is not as azsec wrote it" in clone.run("validate", "dev", code=1)

    # Edited by somebody who knows how the digest over all files is made.
    from provisioner.blueprint.module_lock import LockedSource, write_lock

    files = dict(re.findall(r"\"(\S+\.yaml)\": (sha256:\w+)", text))
    files["modules/network.yaml"] = f"sha256:{'0' * 64}"
    commit = re.findall(r"commit: \"(\w+)\"", text)[0]
    lock.write_text(write_lock([LockedSource(remote.url, "v1.0.0", commit, files)]), "utf-8")
    told = clone.run("validate", "dev", code=1)
    assert f"'modules/network.yaml' of {remote.url} at commit {commit[:12]} has the digest" in told
    assert f"{digest}, and azsec.lock states sha256:000" in told
    assert f"{digest}, and azsec.lock states sha256:000" in clone.run("modules", "update", code=1)


def test_a_cycle_across_repositories_is_one_diagnostic(clone, tmp_path, remote) -> None:
    other = Remote(tmp_path / "other")
    uses = MODULE + "modules: {{next: {{source: '{}'}}}}\n"
    remote.release({"a.yaml": uses.format(other.source("b.yaml"))})
    other.release({"b.yaml": uses.format(remote.source("a.yaml"))})
    clone.use(remote.source("a.yaml"))
    clone.write(
        "blueprints/app.yaml",
        BLUEPRINT.replace("SOURCE", remote.source("a.yaml")).replace(
            ", parameters: {name: app}", ""
        ),
    )
    clone.run("modules", "update")

    told = clone.run("validate", "dev", code=1)
    chain = " -> ".join((remote.source("a.yaml"), other.source("b.yaml"), remote.source("a.yaml")))
    assert f"modules compose each other: {chain}." in told
    assert told.count("error:") == 1


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param("{url}//a.yaml?ref=v9", "has no tag 'v9'", id="no such tag"),
        pytest.param("{url}//a.yaml?ref=main", "'main' is a branch of", id="a branch"),
        pytest.param(
            "{url}//a.yaml?ref=" + "0" * 40, "does not give the commit 000", id="no such commit"
        ),
        pytest.param("{url}//no/a.yaml?ref=v1.0.0", "there is no 'no'", id="no such folder"),
        pytest.param("{url}//folder?ref=v1.0.0", "'folder' of", id="a folder"),
        pytest.param("{url}//sub/a.yaml?ref=v1.0.0", "'sub' of", id="a submodule"),
        pytest.param("{url}//link.yaml?ref=v1.0.0", "is a symbolic link", id="a link"),
        pytest.param(
            "{url}//out/passwd?ref=v1.0.0", "'out' of", id="a file behind a link to elsewhere"
        ),
        pytest.param(
            "{url}//text.yaml?ref=v1.0.0", "text.yaml?ref=v1.0.0:2:1: error", id="no YAML"
        ),
        pytest.param(
            "{url}//escape.yaml?ref=v1.0.0",
            "escape.yaml?ref=v1.0.0:3:26: error: '../../secret.yaml' is outside of",
            id="a module that is outside of its repository",
        ),
        pytest.param(
            "{url}//absolute.yaml?ref=v1.0.0",
            "'/etc/passwd' is outside of",
            id="a module that names a file of the machine",
        ),
        pytest.param(
            "{url}//../a.yaml?ref=v1.0.0", "is not a path of a file", id="out of the root"
        ),
        pytest.param("{url}//.git/config?ref=v1.0.0", "is not a path of a file", id="git's own"),
        pytest.param("{url}//a.yaml", "it has to name one tag or commit", id="no ref"),
        pytest.param("{url}//a.yaml?ref=--upload-pack=x", "is not a name of a tag", id="an option"),
        pytest.param("file:///nowhere//a.yaml?ref=v1", "does not exist", id="no repository"),
        pytest.param("http://h/o/r//a.yaml?ref=v1", "http:// is not supported", id="no TLS"),
        pytest.param("ext::sh -c id//a.yaml?ref=v1", "names no repository", id="a command"),
        pytest.param("https://hunter2@h/o/r//a.yaml?ref=v1", "holds credentials", id="a token"),
        pytest.param(
            "https://u:hunter2@h/o/r//a.yaml?ref=v1", "holds a user and password", id="a password"
        ),
        pytest.param(
            "https://127.0.0.1:1/o/r//a.yaml?ref=v1", "cannot be reached", id="no network"
        ),
    ],
)
def test_a_source_that_cannot_be_used_says_why(clone, remote, source, message) -> None:
    Remote(remote.folder / "sub").release({"a.yaml": MODULE})
    remote.folder.joinpath("link.yaml").symlink_to("a.yaml")
    remote.folder.joinpath("out").symlink_to("/etc")
    uses = MODULE + "modules: {next: {source: WHERE}}\n"
    remote.release(
        {
            "a.yaml": MODULE,
            "folder/a.yaml": MODULE,
            "text.yaml": "{not: [yaml",
            "escape.yaml": uses.replace("WHERE", "../../secret.yaml"),
            "absolute.yaml": uses.replace("WHERE", "/etc/passwd"),
        }
    )
    clone.use("git::" + source.replace("{url}", remote.url))

    told = clone.run("modules", "update", code=1)
    assert message in told
    assert ":6:38: error:" in told or "?ref=v1.0.0:" in told
    assert "hunter2" not in told
    assert not Path("azsec.lock").exists()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param("modules\\hub.yaml", "is a path of Windows", id="a path of Windows"),
        pytest.param("C:/modules/hub.yaml", "is a path of Windows", id="a drive"),
        pytest.param("https://h/o/r//a.yaml", "a URL without git::", id="a URL alone"),
        pytest.param("git@h:o/r", "an SSH address without a scheme", id="an SSH address"),
        pytest.param("azsec:modules/hup", "Did you mean 'azsec:modules/hub.yaml'?", id="a typo"),
        pytest.param("azsec:../pyproject", "is not a name in the library", id="out of the library"),
        pytest.param("azsek:modules/hub", "a scheme that azsec does not know", id="no scheme"),
    ],
)
def test_a_source_of_no_kind_says_what_was_expected(clone, source, message) -> None:
    clone.use(source.replace("\\", "\\\\"))
    told = clone.run("validate", "dev", code=1)
    assert f"blueprints/app.yaml:6:38: error: {message}" in told or message in told
    assert told.count("error:") == 1


def test_what_a_repository_may_take_is_bounded(clone, remote, monkeypatch) -> None:
    remote.release({"modules/network.yaml": NETWORK, "common/rules.yaml": RULES})
    clone.use(remote.source("modules/network.yaml"))
    for bound, message in (
        ("MAX_OUTPUT_BYTES", "fetched more than 100 bytes of a file of"),
        ("MAX_REPOSITORY_BYTES", "fetched more than 100 bytes of"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(git_command, bound, 100)
            assert message in clone.run("modules", "update", code=1)

    # A host that never answers, as git shows it.
    slow = Path("bin/git")
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent.resolve()}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(git_command, "MAX_SECONDS", 0)
    assert "git took longer than 0 seconds for" in clone.run("modules", "update", code=1)


def test_only_the_files_that_are_used_are_fetched(clone, remote, monkeypatch) -> None:
    remote.folder.joinpath("picture.bin").write_bytes(random.Random(1).randbytes(2_000_000))
    remote.release({"modules/network.yaml": NETWORK, "common/rules.yaml": RULES})
    clone.use(remote.source("modules/network.yaml"))
    monkeypatch.setattr(git_command, "MAX_REPOSITORY_BYTES", 200_000)
    # A server that cannot send parts of a commit sends the picture too.
    assert "fetched more than 200,000 bytes of" in clone.run("modules", "update", code=1)
    remote.git("config", "uploadpack.allowFilter", "true")
    assert "azsec.lock was written" in clone.run("modules", "update")


def test_where_git_and_hosts_are_not_to_be_had(clone, remote, monkeypatch) -> None:
    remote.release({"modules/network.yaml": NETWORK, "common/rules.yaml": RULES})
    clone.use(remote.source("modules/network.yaml"))
    with monkeypatch.context() as patch:
        patch.setenv("PATH", "")
        assert "there is no git on this machine" in clone.run("modules", "update", code=1)
    monkeypatch.delenv("AZSEC_ALLOW_FILE_SOURCES")
    assert "file:// is not a source of modules here" in clone.run("modules", "update", code=1)
    monkeypatch.setenv("AZSEC_GIT_HOSTS", "git.contoso.example")
    clone.use("git::https://elsewhere.example/o/r//a.yaml?ref=v1")
    told = clone.run("modules", "update", code=1)
    assert "modules may not come from the host 'elsewhere.example'" in told


def test_no_hook_or_configuration_of_git_takes_effect(clone, remote, monkeypatch, tmp_path) -> None:
    remote.release({"modules/network.yaml": NETWORK, "common/rules.yaml": RULES})
    clone.use(remote.source("modules/network.yaml"))
    template = tmp_path / "template" / "hooks"
    template.mkdir(parents=True)
    for name in ("reference-transaction", "post-checkout", "post-merge"):
        hook = template / name
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n", encoding="utf-8")
        hook.chmod(0o755)
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(template.parent))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "another"))
    # What a hook of git hands on: the file that `git config` would write, and shallow commits.
    monkeypatch.setenv("GIT_CONFIG", str(tmp_path / "another"))
    monkeypatch.setenv("GIT_SHALLOW_FILE", str(tmp_path / "another"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "safe.bareRepository")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "explicit")
    monkeypatch.setenv("GIT_CONFIG_KEY_1", "core.hooksPath")
    monkeypatch.setenv("GIT_CONFIG_VALUE_1", str(template))
    clone.run("modules", "update")
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "another").exists()


def test_git_and_what_it_starts_see_no_credential_of_the_job(tmp_path: Path) -> None:
    kept = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "HTTPS_PROXY": "http://proxy:8080",
        "GIT_SSH_COMMAND": "ssh -F config",
        "GIT_SSL_CAINFO": "/etc/ca.pem",
        "GH_TOKEN": "t",
        "AWS_SECRET_ACCESS_KEY": "s",
    }
    of_the_job = {
        "AZURE_CLIENT_SECRET": "s",
        "ARM_CLIENT_SECRET": "s",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t",
        "AZSEC_PARAM_KEY": "k",
        "DB_PASSWORD": "p",
    }
    local = subprocess.check_output(("git", "rev-parse", "--local-env-vars"), text=True).split()
    local.remove("GIT_CONFIG_COUNT")  # how a user's or a job's settings arrive
    git = GitCommand(
        {**kept, **of_the_job, **dict.fromkeys(local, "x"), "GIT_QUARANTINE_PATH": "q"}
    )
    printed = git.run("r", tmp_path, "-c", "alias.show-env=!env", "show-env").decode()
    seen = {line.partition("=")[0] for line in printed.splitlines()}
    # git itself sets GIT_CONFIG_PARAMETERS for `-c` and GIT_PREFIX for an alias.
    assert seen & {*local} <= {"GIT_DIR", "GIT_CONFIG_PARAMETERS", "GIT_PREFIX"}
    assert seen >= kept.keys()
    assert not seen & {*of_the_job, "GIT_QUARANTINE_PATH"}


def test_a_first_environment_of_a_blueprint_in_git(clone, remote) -> None:
    remote.release(
        {
            "blueprints/app.yaml": BLUEPRINT.replace("SOURCE", "../modules/network.yaml")
            + "parameters:\n"
            "  team: {type: string, description: Who runs it., example: billing}\n"
            "  cost: {type: string}\n",
            "modules/network.yaml": NETWORK,
            "common/rules.yaml": RULES,
        }
    )
    source = remote.source("blueprints/app.yaml")
    told = clone.run("init", ".", "--environment", "first", "--from", source)
    assert "wrote environments/first.yaml wrote azsec.lock" in told
    assert "Next: state cost in environments/first.yaml" in told
    text = Path("environments/first.yaml").read_text(encoding="utf-8")
    assert f"blueprint: {source}\n" in text
    assert "  # Who runs it.\n  team: billing\n  cost: null    # string, has to be given\n" in text
    assert "environments/first.yaml:14:9: error: parameter 'cost' is None" in clone.run(
        "validate", "first", code=1
    )
    clone.write("environments/first.yaml", text.replace("cost: null", "cost: high"))
    assert "is valid: 3 resources" in clone.run("validate", "first")

    # A tag that moved is not locked anew by the way.
    lock = Path("azsec.lock").read_text(encoding="utf-8")
    remote.release({"README.md": "Newer."})
    told = clone.run("init", ".", "--environment", "moved", "--from", source, code=1)
    assert "the tag 'v1.0.0' of" in told
    assert not Path("environments/moved.yaml").exists()
    assert Path("azsec.lock").read_text(encoding="utf-8") == lock
    clone.run("modules", "update", "first", "--allow-moved")

    Path("azsec.lock").unlink()
    told = clone.run("init", ".", "--environment", "second", "--from", source, "--copy")
    assert not Path("azsec.lock").exists()
    clone.run("modules", "update", "first")
    assert "wrote blueprints/blueprints/app.yaml" in told
    second = Path("environments/second.yaml").read_text(encoding="utf-8")
    assert "blueprint: ../blueprints/blueprints/app.yaml\n" in second
    told = clone.run("modules", "vendor", source, code=1)
    assert "exists already; nothing was written" in told
    told = clone.run("modules", "list")
    assert source in told
    assert "blueprints/blueprints/app.yaml Blueprint" in told
    assert "azsec:secure-aks.yaml Blueprint" in told
