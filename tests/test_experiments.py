"""Sweeps: every point and seed once, in order, here or on an executor, and errors that say where."""

import functools
import multiprocessing
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pandas as pd
import pytest

from aelib.experiments import sweep

GRID = {"a": [1, 2], "b": [10, 20, 30]}


def add(a, b, *, seed):
    return {"sum": a + b + seed}


def slow_first(a, b, *, seed):
    time.sleep(0.05 if a == 1 else 0)
    return add(a, b, seed=seed)


def test_every_point_and_seed_stands_once_in_the_grids_order():
    frame = sweep(add, GRID, seeds=[0, 1])
    assert list(frame.columns) == ["a", "b", "seed", "sum"]
    assert frame[["a", "b", "seed"]].values.tolist() == [
        [a, b, s] for a in (1, 2) for b in (10, 20, 30) for s in (0, 1)
    ]
    assert (frame["sum"] == frame["a"] + frame["b"] + frame["seed"]).all()


# Not forked: tests before this one may have left a backend's threads in the process.
SPAWNED = functools.partial(ProcessPoolExecutor, mp_context=multiprocessing.get_context("spawn"))


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, SPAWNED], ids=["threads", "processes"])
def test_an_executor_gives_the_same_table(pool):
    with pool(2) as executor:
        frame = sweep(slow_first, GRID, seeds=range(2), executor=executor)
    pd.testing.assert_frame_equal(frame, sweep(add, GRID, seeds=range(2)))


def fail_at_two(a, *, seed):
    if a == 2:
        raise RuntimeError("no luck")
    return {"x": 1}


@pytest.mark.parametrize("threads", [None, 2])
def test_an_error_says_at_which_point(threads):
    executor = ThreadPoolExecutor(threads) if threads else None
    with pytest.raises(RuntimeError, match="no luck") as caught:
        sweep(fail_at_two, {"a": [1, 2, 3]}, seeds=[7], executor=executor)
    assert caught.value.__notes__ == ["while the sweep was at a=2, seed=7"]


def test_runs_after_an_error_are_not_begun():
    begun = []

    def task(a, *, seed):
        begun.append(a)
        return fail_at_two(a, seed=seed)

    with pytest.raises(RuntimeError):
        sweep(task, {"a": [1, 2, 3]}, seeds=[0])
    assert begun == [1, 2]


def test_runs_that_wait_on_an_executor_are_cancelled_after_an_error():
    may_end, begun = threading.Event(), []

    def task(a, *, seed):
        begun.append(a)
        if a == 1:
            raise RuntimeError("no luck")
        may_end.wait(20)
        return {"x": 1}

    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(RuntimeError, match="no luck"):
            sweep(task, {"a": [1, 2, 3]}, seeds=[0], executor=executor)
        may_end.set()
    assert 3 not in begun


def test_without_parameters_there_is_a_run_for_each_seed():
    assert sweep(lambda *, seed: {"x": 2 * seed}, {}, seeds=[1, 2]).to_dict("list") == {"seed": [1, 2], "x": [2, 4]}


@pytest.mark.parametrize(
    ("task", "grid", "seeds", "error", "message"),
    [
        (add, GRID, [], ValueError, "seeds are"),
        (add, GRID, [1, 1], ValueError, "each once"),
        (add, {"a": [], "b": [1]}, [0], ValueError, "no values for a"),
        (add, {"seed": [1]}, [0], ValueError, "names 'seed'"),
        (add, {"a": "relu", "b": [1]}, [0], ValueError, "values for a are one string"),
        (lambda *, seed: 1.0, {}, [0], TypeError, "returned float at seed=0"),
        (lambda a, *, seed: {"a": 2}, {"a": [1]}, [0], ValueError, "measures a"),
    ],
)
def test_bad_sweeps_are_named(task, grid, seeds, error, message):
    with pytest.raises(error, match=message):
        sweep(task, grid, seeds=seeds)
