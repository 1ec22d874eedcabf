"""Workers in processes: one that is lost costs its item an attempt, and no other item anything."""

import sys

from provisioner.schedulers.processes import MOST_ATTEMPTS, ProcessScheduler

_WORKER = """
import json, os, pathlib, sys, time
for line in sys.stdin:
    item = json.loads(line)
    if item.startswith("die"):
        os._exit(9)
    if item.startswith("once "):
        mark = pathlib.Path(item[5:])
        if not mark.exists():
            mark.touch()
            os._exit(9)
    if item == "chatter":
        print("no answer at all", flush=True)
    if item == "sleep":
        time.sleep(60)
    print(json.dumps(f"{item}!"), flush=True)
"""


def run(items, seconds=30.0, workers=2):
    scheduler = ProcessScheduler([sys.executable, "-c", _WORKER], workers)
    return {items[one.number]: one for one in scheduler.run(items, seconds)}


def test_every_item_is_answered_by_one_of_the_workers():
    items = [f"item {number}" for number in range(20)]

    found = run(items)

    assert {item: one.text for item, one in found.items()} == {item: f"{item}!" for item in items}
    assert {one.attempt for one in found.values()} == {1}


def test_an_item_whose_worker_is_lost_is_tried_again_and_the_others_go_on(tmp_path):
    once = f"once {tmp_path / 'mark'}"

    found = run(["die", once, "a", "b", "chatter"])

    assert (found[once].text, found[once].attempt) == (f"{once}!", 2)
    assert found["a"].text == "a!"
    assert found["b"].text == "b!"
    assert (found["die"].text, found["die"].attempt) == (None, MOST_ATTEMPTS)
    assert "exit 9" in found["die"].lost
    assert found["chatter"].text is None, "what is not an answer is taken for none"


def test_what_has_no_answer_at_the_deadline_is_left_and_its_worker_ended():
    found = run(["a", "sleep"], seconds=2.0)

    assert set(found) == {"a"}
