"""Training the seed model: this project's ``fit`` beside stock Keras, plain PyTorch and bare matrix multiplication.

Each contestant trains 784-128-64-128-784 on MNIST's 60,000 training images, 20 epochs, batches of 256, in a process
of its own, so that none inherits another's settings: stock Keras runs with its own defaults, without aelib. Times
include compilation, as a reader pays it; a second time without the first epoch shows the steady rate.
"""

import argparse
import importlib.util
import itertools
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

EPOCHS, BATCH = 20, 256
SIZES = (784, 128, 64, 128, 784)
FIT = "aelib.training.fit"
STOCK = "stock Keras"
TORCH = "plain PyTorch"
MATMUL = "the matrix products alone (NumPy)"
PEAK = "as many operations at this machine's best rate"


def images():
    """Training and test images as float32 in [0, 1], read without aelib."""
    with np.load(Path(__file__).resolve().parents[1] / "data" / "mnist.npz") as file:
        return tuple((file[name].reshape(-1, 784) / 255).astype(np.float32) for name in ("x_train", "x_test"))


def mean_bce(x, x_hat):
    x, x_hat = x.astype(np.float64), np.clip(x_hat.astype(np.float64), 1e-7, 1 - 1e-7)
    return float(-(x * np.log(x_hat) + (1 - x) * np.log(1 - x_hat)).mean())


class EpochClock:
    """Notes when each epoch ended."""

    def __init__(self):
        self.ends = [time.perf_counter()]

    def tick(self, *_):
        self.ends.append(time.perf_counter())

    def result(self, bce=None):
        first, last = self.ends[0], self.ends[-1]
        return {"seconds": last - first, "per_epoch": (last - self.ends[1]) / (EPOCHS - 1), "test_bce": bce}


def run_fit():
    from aelib import models, training
    from aelib.training import keras  # By way of aelib, which sets what TensorFlow reads when it is first imported.

    x, x_test = images()
    model = models.dense_autoencoder(seed=0)
    clock = EpochClock()
    training.fit(
        model,
        x,
        epochs=EPOCHS,
        batch_size=BATCH,
        seed=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=clock.tick)],
    )
    return clock.result(mean_bce(x_test, model.predict(x_test, verbose=0)))


def run_stock():
    import keras
    from keras import layers

    x, x_test = images()
    keras.utils.set_random_seed(0)
    activations = ["relu"] * (len(SIZES) - 2) + ["sigmoid"]
    model = keras.Sequential(
        [keras.Input((784,))] + [layers.Dense(n, a) for n, a in zip(SIZES[1:], activations, strict=True)]
    )
    clock = EpochClock()
    model.compile(optimizer="adam", loss="binary_crossentropy")
    end = keras.callbacks.LambdaCallback(on_epoch_end=clock.tick)
    model.fit(x, x, epochs=EPOCHS, batch_size=BATCH, verbose=0, callbacks=[end])
    return clock.result(mean_bce(x_test, model.predict(x_test, verbose=0)))


def run_torch():
    import torch
    from torch import nn

    x, x_test = (torch.from_numpy(array) for array in images())
    torch.manual_seed(0)
    parts = []
    for index, (inputs, outputs) in enumerate(itertools.pairwise(SIZES)):
        linear = nn.Linear(inputs, outputs)
        nn.init.xavier_uniform_(linear.weight)
        nn.init.zeros_(linear.bias)
        parts += [linear, nn.Sigmoid() if index == len(SIZES) - 2 else nn.ReLU()]
    model = nn.Sequential(*parts)
    optimizer = torch.optim.Adam(model.parameters(), eps=1e-7)
    clock = EpochClock()
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            nn.functional.binary_cross_entropy(model(x[batch]), x[batch]).backward()
            optimizer.step()
        clock.tick()
    with torch.no_grad():
        return clock.result(mean_bce(x_test.numpy(), model(x_test).numpy()))


def products():
    """Yield the shapes (a, b, c) of the matrix products of one step: forward, weights' gradient, inputs' gradient."""
    for layer, (inputs, outputs) in enumerate(itertools.pairwise(SIZES)):
        yield BATCH, inputs, outputs
        yield inputs, BATCH, outputs
        if layer > 0:  # nobody needs the gradient with respect to the images
            yield BATCH, outputs, inputs


def run_matmul():
    generator = np.random.default_rng(0)
    pairs = [(generator.random((a, b), np.float32), generator.random((b, c), np.float32)) for a, b, c in products()]
    clock = EpochClock()
    for _ in range(EPOCHS):
        for _ in range(-(-60_000 // BATCH)):
            for left, right in pairs:
                left @ right
        clock.tick()
    return clock.result()


def run_peak():
    side = 4096
    square = np.random.default_rng(0).random((side, side), np.float32)
    square @ square
    start = time.perf_counter()
    square @ square
    rate = 2 * side**3 / (time.perf_counter() - start)
    per_epoch = sum(2 * a * b * c for a, b, c in products()) / BATCH * 60_000 / rate
    return {"seconds": EPOCHS * per_epoch, "per_epoch": per_epoch, "test_bce": None}


CONTESTANTS = {FIT: run_fit, STOCK: run_stock, TORCH: run_torch, MATMUL: run_matmul, PEAK: run_peak}


def measure(repeats):
    """Run every contestant ``repeats`` times, in turns, and keep the fastest of each.

    Returns
    -------
    list of dict
        ``name``, ``seconds``, ``per_epoch``, ``test_bce``.
    """
    names = [name for name in CONTESTANTS if name != TORCH or importlib.util.find_spec("torch")]
    best = {}
    for turn in range(repeats):
        for number, name in enumerate(names, 1):
            print(f"  turn {turn + 1} of {repeats}, {number} of {len(names)}: {name} …", flush=True)
            command = [sys.executable, __file__, "--contestant", name]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"{name} failed:\n{done.stderr}")
            result = json.loads(done.stdout.splitlines()[-1]) | {"name": name}
            if name not in best or result["seconds"] < best[name]["seconds"]:
                best[name] = result
            print(f"    {result['seconds']:.1f} s", flush=True)
    return [best[name] for name in names]


def table(results):
    """The results as a Markdown table, with ratios to stock Keras."""
    stock = next(result for result in results if result["name"] == STOCK)["seconds"]
    lines = [
        "| what | seconds, 20 epochs | of stock Keras's | s an epoch after the first | test cross-entropy |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for result in results:
        bce = "" if result["test_bce"] is None else f"{result['test_bce']:.4f}"
        seconds = result["seconds"]
        lines.append(
            f"| {result['name']} | {seconds:.1f} | {seconds / stock:.2f} | {result['per_epoch']:.3f} | {bce} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contestant", choices=CONTESTANTS, help="run this one only, and print its result as JSON")
    parser.add_argument("--repeats", type=int, default=2, help="turns; the fastest of each contestant counts")
    arguments = parser.parse_args()
    if arguments.contestant:
        print(json.dumps(CONTESTANTS[arguments.contestant]()))
    else:
        print(table(measure(arguments.repeats)))
