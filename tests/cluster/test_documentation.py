"""The commands of docs/cluster.md do what the page says, on a real API server."""

import shlex
import shutil
from pathlib import Path

import yaml

from tests.cluster.api_server import ApiServer
from tests.cluster.bench import ENVIRONMENT, Bench
from tests.cluster.test_drift import RBAC, binding
from tests.environments import ROOT


def _commands() -> list[list[str]]:
    text = (ROOT / "docs/cluster.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("$ azsec cluster ")]
    return [shlex.split(line.removeprefix("$ azsec ")) for line in lines]


KIND = ".azsec/kind.kubeconfig"


def _lines_of_kind(text: str) -> list[str]:
    """Return the commands that a text has for a cluster of kind, in their order."""
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if KIND in line or line.startswith("kind ")]


def test_what_is_to_be_tried_with_kind_works_on_an_api_server(
    server: ApiServer, tmp_path: Path
) -> None:
    """kind itself is not there: its API server is stood in for by a bare one."""
    page = (
        (ROOT / "docs/cluster.md").read_text(encoding="utf-8").partition("## Try it with kind")[2]
    )
    demo = _lines_of_kind((ROOT / "scripts/demo").read_text(encoding="utf-8"))
    lines = _lines_of_kind(page)
    assert [line for line in dict.fromkeys(lines) if line in demo] == demo
    server.apply(*yaml.safe_load_all((ROOT / "scripts/kind.yaml").read_text(encoding="utf-8")))
    server.wait_for("/apis/cilium.io/v2/ciliumnetworkpolicies")
    bench = Bench.open(server, tmp_path, add_ons=False)
    shutil.copy(ROOT / "environments/local.yaml", bench.folder / "environments")
    (bench.folder / ".azsec").mkdir()
    shutil.copy(server.kubeconfig(), bench.folder / KIND)
    codes = []
    for line in lines:
        if line.startswith("azsec "):
            codes.append(bench.azsec(*shlex.split(line)[1:]).code)
        elif "clusterrolebinding" in line:
            subjects = [{"kind": "User", "apiGroup": RBAC, "name": "guest"}]
            server.apply(binding("guest", None, "view", subjects))
    assert codes == [0, 0, 0, 2]


def test_the_commands_of_the_page_run(server: ApiServer, tmp_path: Path) -> None:
    bench = Bench.open(server, tmp_path)
    config = server.kubeconfig()
    access = f"  access: {{via: kubeconfig, kubeconfig: {config}, context: test}}\n"
    bench.write(ENVIRONMENT + access)
    commands = _commands()
    stated = ["plan", "apply", "drift", "plan", "observe", "drift"]
    assert [words[1] for words in commands] == stated
    for words in commands:
        done = bench.azsec(*words)
        assert done.code == 0, (words, done.out, done.err)
