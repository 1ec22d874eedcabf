"""The order in which environments are applied."""

import pytest

from provisioner.blueprint.memory_files import MemoryFiles
from provisioner.blueprint.promotion import load_promotion, order_stages
from provisioner.model.diagnostic import DiagnosticError

HEAD = "apiVersion: azsec/v1\nkind: Promotion\n"
KNOWN = ("dev", "prod", "staging")


def load(text: str):
    return load_promotion("promotion.yaml", MemoryFiles({"promotion.yaml": HEAD + text}), KNOWN)


def test_stages_are_in_the_order_of_the_file():
    assert load("stages: [[dev], [staging, prod]]\n") == [["dev"], ["staging", "prod"]]


WRONG = {
    "an environment that is not there": ("stages: [[dve]]\n", "Did you mean 'dev'"),
    "one in two stages": ("stages: [[dev], [dev]]\n", "is listed twice"),
    "no stages": ("stages: []\n", "at least 1 item"),
    "another key": ("stages: [[dev]]\norder: 1\n", "'order' is not a property of a Promotion"),
    "names instead of stages": ("stages: [dev]\n", "stages.0"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_at_its_place(name):
    text, expected = WRONG[name]
    with pytest.raises(DiagnosticError, match=r"^promotion\.yaml:\d+:\d+: ") as refusal:
        load(text)
    assert expected in str(refusal.value)


ORDERS = {
    "by stage": (["prod", "dev"], [["dev"], ["prod"]], [["dev"], ["prod"]]),
    "what is in no stage comes last": (["x", "dev"], [["dev"]], [["dev"], ["x"]]),
    "stages without any are left out": (["prod"], [["dev"], ["prod"]], [["prod"]]),
    "without a file by name": (["b", "a"], [], [["a", "b"]]),
}


@pytest.mark.parametrize("name", ORDERS)
def test_environments_go_by_stage(name):
    names, stages, expected = ORDERS[name]
    assert order_stages(names, stages) == expected
