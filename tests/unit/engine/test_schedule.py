"""The schedule: drawn steps, and the order in which they may start."""

from provisioner.engine.schedule import Schedule
from provisioner.plan.steps import Step
from tests.unit.engine.steps import draw_steps

NETWORK = """
    group 1
    network 5 after group
    firewall 400 after network
    identity 2 after group
    cluster 360 after firewall, identity
    vault 20 after group
"""


def start_all(schedule: Schedule) -> list[Step]:
    """Start whatever may start now."""
    started = []
    while (step := schedule.start()) is not None:
        started.append(step)
    return started


def names(steps: list[Step] | tuple[Step, ...]) -> list[str]:
    return [step.key for step in steps]


def test_a_step_starts_only_after_everything_it_waits_for() -> None:
    schedule = Schedule(draw_steps(NETWORK))

    first = start_all(schedule)
    assert names(first) == ["group"]

    schedule.finish(first[0])
    second = {step.key: step for step in start_all(schedule)}
    assert set(second) == {"network", "identity", "vault"}

    schedule.finish(second["identity"])
    assert start_all(schedule) == [], "the cluster waits for the firewall too"


def test_the_longest_remaining_path_goes_first() -> None:
    schedule = Schedule(draw_steps(NETWORK))
    schedule.finish(start_all(schedule)[0])

    assert names(start_all(schedule)) == ["network", "identity", "vault"], (
        "the network leads to the firewall and the cluster: 765 seconds against 362 and 20"
    )


def test_one_writer_at_a_time_holds_a_lock() -> None:
    schedule = Schedule(
        draw_steps("""
            nodes 5 lock network
            pods 5 lock network
            vault 1
        """)
    )

    first = start_all(schedule)
    assert names(first) == ["nodes", "vault"]
    schedule.finish(first[0])
    assert names(start_all(schedule)) == ["pods"]


def test_a_failure_skips_exactly_what_waited_for_it() -> None:
    schedule = Schedule(draw_steps(NETWORK))
    schedule.finish(start_all(schedule)[0])
    running = {step.key: step for step in start_all(schedule)}

    assert names(schedule.fail(running["network"])) == ["firewall", "cluster"]
    schedule.finish(running["identity"])
    schedule.finish(running["vault"])
    assert start_all(schedule) == []


def test_a_failure_frees_its_lock() -> None:
    schedule = Schedule(
        draw_steps("""
            nodes 5 lock network
            pods 5 lock network
        """)
    )

    schedule.fail(start_all(schedule)[0])

    assert names(start_all(schedule)) == ["pods"]


def test_stopping_leaves_what_runs_and_gives_up_the_rest() -> None:
    schedule = Schedule(draw_steps(NETWORK))
    schedule.finish(start_all(schedule)[0])
    running = start_all(schedule)

    assert names(schedule.stop()) == ["firewall", "cluster"]
    for step in running:
        schedule.finish(step)
    assert start_all(schedule) == []
