"""A command line that is wrong is told with the help of its own command."""

import errno

import pytest
import typer

from provisioner.cli.application import app
from provisioner.cli.failure import run_guarded


def test_a_group_of_commands_alone_prints_its_help(capsys) -> None:
    assert run_guarded(app, ["cluster"]) == 0
    told = capsys.readouterr()
    assert "observe" in told.out
    assert told.err == ""


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        pytest.param(["cluster", "plan"], "See `azsec cluster plan --help`.", id="an argument"),
        pytest.param(["plan", "--out"], "See `azsec plan --help`.", id="the value of an option"),
        pytest.param(
            ["access", "local", "--can", "a", "--data-action", "b"],
            "--can and --data-action exclude each other.",
            id="two kinds of action",
        ),
        pytest.param(
            ["ci", "drift", "--timeout", "50"],
            "Invalid value for '--timeout': '50' is not a duration. Expected a number and a unit",
            id="a duration without a unit",
        ),
        pytest.param(["fleet", "drift", "--timeout", "0s"], "longer than zero", id="no time"),
        pytest.param(["plam"], "See `azsec --help`.", id="no such command"),
        pytest.param(
            ["check", "local", "pods.json"], "See `azsec check --help`.", id="an unknown argument"
        ),
    ],
)
def test_the_command_that_has_help_is_named(arguments, hint, capsys) -> None:
    assert run_guarded(app, arguments) == 1
    assert hint in capsys.readouterr().err


def test_a_file_that_may_not_be_written_is_named_without_a_traceback(capsys) -> None:
    def write() -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "locked/plan.json")

    refusing = typer.Typer()
    refusing.command()(write)

    assert run_guarded(refusing, []) == 1
    assert capsys.readouterr().err.startswith(
        "error: access to locked/plan.json failed: Permission denied. Check the permissions"
    )
