"""Work that is done a few at a time, and only until a time is up."""

import threading

import pytest

from provisioner.cli.concurrent_work import run_side_by_side


def test_results_are_in_the_order_of_the_items():
    gate = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            gate.wait(5)
        else:
            gate.set()
        return item * 2

    assert run_side_by_side(work, [0, 1], 2, 10.0) == [0, 2]


def test_no_more_run_at_once_than_were_asked_for():
    running: list[int] = []
    most: list[int] = []

    def work(item: int) -> None:
        running.append(item)
        most.append(len(running))
        running.remove(item)

    run_side_by_side(work, range(20), 1, 10.0)
    assert max(most) == 1


def test_what_is_not_done_in_time_is_none_and_holds_nothing_up():
    never = threading.Event()

    def work(item: str) -> str:
        if item == "slow":
            never.wait(60)
        return item

    assert run_side_by_side(work, ["slow", "fast"], 2, 0.2) == [None, "fast"]
    never.set()


def test_what_work_raises_is_raised():
    def work(_item: int) -> None:
        raise KeyError("broken")

    with pytest.raises(KeyError, match="broken"):
        run_side_by_side(work, [1], 1, 10.0)


def test_nothing_to_do_is_nothing():
    assert run_side_by_side(str, [], 2, 1.0) == []
