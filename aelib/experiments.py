"""Experiments over a grid of settings and several seeds, on one core or many."""

import itertools
from collections.abc import Mapping
from concurrent.futures import as_completed
from functools import partial

import pandas as pd

from aelib.training import status_line


def sweep(task, grid, *, seeds, executor=None):
    """Run ``task`` at every point of a grid, once for each seed, and collect what it measured.

    Parameters
    ----------
    task : callable
        Called as ``task(**point, seed=seed)``; returns a mapping from the names of measurements to numbers.
    grid : mapping
        Names of the task's parameters to the values to try, in a list; every combination is run.
    seeds : iterable of int
        At every point, one run for each seed.
    executor : concurrent.futures.Executor, optional
        Where to run: any executor, from a pool of processes to a cluster's. By default here, one after the other.

    Returns
    -------
    pandas.DataFrame
        One row a run, in the grid's order: the parameters, ``seed``, the measurements.

    Raises
    ------
    ValueError
        If there are no seeds, seeds repeat, a parameter has no values, a string for values, or is called ``seed``, or a
        measurement has the name of a parameter or of the seed.
    TypeError
        If the task returns anything but a mapping.
    Exception
        Whatever a task raised, with a note that says at which point; runs not yet begun are cancelled.
    """
    seeds = list(seeds)
    if not seeds or len(set(seeds)) != len(seeds):
        raise ValueError(f"seeds are {seeds}; expected at least one, each once")
    if letters := [name for name, values in grid.items() if isinstance(values, str)]:
        raise ValueError(f"the grid's values for {', '.join(letters)} are one string; expected a list of values")
    grid = {name: list(values) for name, values in grid.items()}
    if empty := [name for name, values in grid.items() if not values]:
        raise ValueError(f"the grid has no values for {', '.join(empty)}; expected at least one for each parameter")
    if "seed" in grid:
        raise ValueError("the grid names 'seed'; give seeds by the argument of that name")

    points = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    runs = [point | {"seed": seed} for point in points for seed in seeds]
    rows = _run_here(task, runs) if executor is None else _run_on(executor, task, runs)
    return pd.DataFrame(rows)


def _run_here(task, runs):
    show = status_line()
    rows = []
    try:
        for run in runs:
            show(f"run {len(rows) + 1} of {len(runs)}: {_words(run)}")
            rows.append(_row(run, partial(task, **run)))
    finally:
        show("")
    return rows


def _run_on(executor, task, runs):
    show = status_line()
    futures = {executor.submit(task, **run): index for index, run in enumerate(runs)}
    rows = [None] * len(runs)
    try:
        for done, future in enumerate(as_completed(futures), 1):
            index = futures[future]
            rows[index] = _row(runs[index], future.result)
            show(f"{done} of {len(runs)} runs done, the last: {_words(runs[index])}")
    finally:
        for future in futures:
            future.cancel()
        show("")
    return rows


def _row(run, measure):
    try:
        measurements = measure()
    except Exception as error:
        error.add_note(f"while the sweep was at {_words(run)}")
        raise
    if not isinstance(measurements, Mapping):
        raise TypeError(
            f"the task returned {type(measurements).__name__} at {_words(run)}; "
            "expected a mapping such as {'test_error': 0.1}"
        )
    if clash := sorted(set(measurements) & set(run)):
        raise ValueError(f"the task measures {', '.join(clash)}, which the grid or the seeds set; rename one of them")
    return run | dict(measurements)


def _words(run):
    return ", ".join(f"{name}={value}" for name, value in run.items())
