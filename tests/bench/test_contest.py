"""Turns: everyone has one a round, the first one changes, nothing is lost."""

import gc
import time

import pytest

from numsnn.bench.contest import WARM_UP, Contestant, Progress, Times, contest, stepping
from numsnn.errors import NumsnnError


class Counting(Progress):
    def __init__(self):
        self.count = 0

    def done(self):
        self.count += 1


def test_everyone_has_one_turn_a_round_and_the_first_changes():
    order = []

    def contestant(name):
        def turn():
            order.append(name)
            return {name: float(len(order))}

        return Contestant(name, turn)

    counting = Counting()
    found = contest([contestant(name) for name in "xyz"], 4, counting, pause=0)
    assert order == list("xyzyzxzxyxyz")
    assert {name: len(seconds) for name, seconds in found.items()} == {"x": 4, "y": 4, "z": 4}
    assert found["x"] == [1.0, 6.0, 8.0, 10.0]
    assert counting.count == 12


def test_a_turn_may_time_several_parts():
    parts = Contestant("parts", lambda: {"one": 1.0, "two": 2.0})
    assert contest([parts], 2, Progress(), pause=0) == {"one": [1.0, 1.0], "two": [2.0, 2.0]}


def test_a_step_is_called_as_often_as_it_should_be():
    calls = []
    contestant = stepping("step", lambda: calls.append(0), steps=5)
    assert len(calls) == WARM_UP
    seconds = contestant.turn()
    assert len(calls) == WARM_UP + 1 + 5
    assert list(seconds) == ["step"]
    assert seconds["step"] >= 0


def test_the_first_step_of_a_turn_is_not_timed(monkeypatch):
    clock, seconds = [0.0], iter([*[7.0] * WARM_UP, 9.0, 1.0, 2.0, 3.0])
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])

    def step():
        clock[0] += next(seconds)

    assert stepping("step", step, steps=3).turn() == {"step": 2.0}


def test_no_garbage_is_collected_in_a_turn_but_afterwards():
    seen = []

    def turn():
        seen.append(gc.isenabled())
        raise RuntimeError

    with pytest.raises(RuntimeError):
        contest([Contestant("bad", turn)], 1, Progress(), pause=0)
    assert seen == [False]
    assert gc.isenabled()


def test_medians_and_quartiles():
    assert Times.of([3.0, 1.0, 2.0, 5.0, 4.0]) == Times(3.0, 2.0, 4.0)
    assert Times.of([2.0]) == Times(2.0, 2.0, 2.0)


@pytest.mark.parametrize("rounds", [0, -1, 1.5])
def test_rounds_are_counted_from_one(rounds):
    with pytest.raises(NumsnnError, match="rounds"):
        contest([], rounds, Progress())
