"""The commands of docs/cluster.md do what the page says, on a real API server."""

import shlex
from pathlib import Path

from tests.cluster.api_server import ApiServer
from tests.cluster.bench import ENVIRONMENT, Bench
from tests.environments import ROOT


def _commands() -> list[list[str]]:
    text = (ROOT / "docs/cluster.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("$ azsec cluster ")]
    return [shlex.split(line.removeprefix("$ azsec ")) for line in lines]


def test_the_commands_of_the_page_run(server: ApiServer, tmp_path: Path) -> None:
    bench = Bench.open(server, tmp_path)
    config = server.kubeconfig()
    access = f"  access: {{via: kubeconfig, kubeconfig: {config}, context: test}}\n"
    bench.write(ENVIRONMENT + access)
    commands = _commands()
    assert [words[1] for words in commands] == ["plan", "apply", "drift", "observe", "drift"]
    for words in commands:
        done = bench.azsec(*words)
        assert done.code == 0, (words, done.out, done.err)
