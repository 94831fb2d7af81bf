# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercise sheet 12: Compression
#
# This sheet follows [chapter 12](../../../chapters/12_compression.ipynb). There you turned the codes of digits into
# bytes. Here you compress clothes (Fashion-MNIST), and look into the parts: what a wrong table of frequencies costs,
# which value a symbol should stand for, how a theory shares out bits, and how bits were saved before there were coders
# as good as rANS. No network is trained; principal components serve as codes, which makes every step quick.
#
# It takes about two hours. There are twenty marks: fifteen for tasks that are checked automatically, five for two
# questions that your teacher marks.
#
# | Task | What you practise | Marks |
# | --- | --- | ---: |
# | Task 1 | counting bits, and what a wrong table costs | 2 |
# | Task 2 | the best value for a symbol | 3 |
# | Task 3 | how many bits each component deserves | 3 |
# | Task 4 | a prefix code, built by hand | 4 |
# | Question 1 | whole bits and fractions of bits | 2 |
# | Task 5 | fewer bits at the same quality | 3 |
# | Question 2 | an honest offer | 3 |
#
# **How to work.** Write in the cells marked *Your code here* and *Your answer here*. Run the cell below a task to
# check it: a check that fails says what is wrong and where to look. No task needs another one's code, so you may
# leave one out. Before you hand in, choose *Kernel → Restart Kernel and Run All Cells* and see that everything runs.
# Hidden checks grade the same requirements on other data, so do not write for the numbers that you see.
#
# **Notation.** A [code](../../../chapters/glossary.md#latent-code) has $d$ units; the symbols of $n$ images are an
# array of shape `(n, d)`. A unit with $K$ symbols numbers them 0 to $K - 1$. Logarithms are to base 2, so that results
# are bits.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import io
import tempfile
from itertools import product

from aelib import baselines, compression, data, metrics
from aelib.compression import Quantiser
from aelib.exercises import started

import numpy as np
import pandas as pd
from PIL import Image

clothes = data.load_fashion_mnist()
split = clothes.validation_split(10_000, seed=12)
x_train = split.x_train[:20_000]  # enough for this sheet
x_validation = split.x_validation[:2500]

pca = baselines.PCACodec(96).fit(x_train)
train_codes, val_codes = pca.encode(x_train), pca.encode(x_validation)


def decode(codes):
    """Images from the first components; those that are left out count as 0."""
    return pca.decode(np.pad(codes, ((0, 0), (0, 96 - codes.shape[1]))))


def psnr(x, x_hat):
    """Over all pixels of all images, in dB, as in chapter 12."""
    return -10 * np.log10(metrics.mean_squared_error(x, x_hat).mean())


print(f"PSNR of 96 components, not quantised: {psnr(x_validation, decode(val_codes)):.2f} dB on validation images")

# %% [markdown]
# ## Task 1: The price of a wrong table (2 marks)
#
# A coder was given frequencies $f_0, \dots, f_{K-1}$, whole numbers above 0 that add up to $F$. An ideal one spends
# $-\log_2 (f_k / F)$ bits on symbol $k$. Now it codes a message in which symbol $k$ occurs $n_k$ times; its shares
# $n_k / n$ may be quite different ones, and a symbol need not occur at all. Write two functions of arrays of shape
# `(K,)`.
#
# - `mean_bits(counts, frequencies)` gives the bits that the coder spends on a symbol, on average over the symbols *of
#   the message*: one number.
# - `waste(counts, frequencies)` gives how much of that is due to the wrong table: `mean_bits` less the
#   [entropy](../../../chapters/glossary.md#entropy) of the message's own shares, one number. It is 0 for a table that
#   fits, and never negative.
#
# <details><summary>Hint</summary>
#
# For the first: write down the bits of the whole message, symbol by symbol, then divide by the number of symbols. For
# the second: which table makes `mean_bits` equal to the entropy? Mind the symbols that do not occur. $0 \cdot \log_2 0$
# counts as 0, but NumPy makes it `nan`; leave those symbols out of the sum.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mean_bits(counts, frequencies):
    """Bits a symbol of the message, for an ideal coder with these frequencies."""
    ### BEGIN SOLUTION
    return np.average(np.log2(frequencies.sum() / frequencies), weights=counts)
    ### END SOLUTION


def waste(counts, frequencies):
    """Bits a symbol above the entropy of the message's own shares."""
    ### BEGIN SOLUTION
    occurring = counts > 0
    own, given = counts[occurring] / counts.sum(), frequencies[occurring] / frequencies.sum()
    return (own * np.log2(own / given)).sum()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-1-tests", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
if started(mean_bits(np.array([1, 1]), np.array([1, 1])), "Task 1, mean_bits") and started(
    waste(np.array([1, 1]), np.array([1, 1])), "Task 1, waste"
):
    message, table = np.array([6, 2, 0]), np.array([4, 8, 4])  # the table's symbols cost 2, 1 and 2 bits
    found = mean_bits(message, table)
    assert np.ndim(found) == 0, f"mean_bits gives an array of shape {np.shape(found)}; it needs a single number"
    for mistake, why in {
        14.0: "you gave the bits of the whole message; divide by the number of its symbols",
        1.5: "you averaged by the table's frequencies; what counts is how often the message has each symbol",
        5 / 3: "you took the plain mean over the symbols; the message has some more often than others",
        1.75 * np.log(2): "your logarithm is the natural one; bits need log2",
        -1.75: "the sign is wrong: probabilities are below 1, so their logarithms are negative",
    }.items():
        assert not np.isclose(found, mistake), why
    assert np.isclose(found, 1.75), f"6 symbols of 2 bits and 2 of 1 bit make 1.75 bits a symbol, not {found:.4f}"

    found = waste(message, table)
    assert not np.isnan(found), "waste is nan where a symbol does not occur: leave it out of the sum"
    own_entropy = compression.entropy([[0]] * 6 + [[1]] * 2)[0]
    assert not np.isclose(found, own_entropy), "you gave the entropy; waste is what is spent above it"
    assert not np.isclose(found, own_entropy - 1.75), "the waste is negative: take the entropy away from the bits spent"
    assert np.isclose(found, 1.75 - own_entropy), f"the waste is {1.75 - own_entropy:.4f} bits here, not {found:.4f}"
    assert np.isclose(waste(np.array([10, 20, 30]), np.array([1, 2, 3])), 0), "a table that fits wastes nothing"
    print("Task 1: the visible checks pass.")
### BEGIN HIDDEN TESTS
done = [mean_bits(np.array([1, 1]), np.array([1, 1])), waste(np.array([1, 1]), np.array([1, 1]))]
assert all(value is not None for value in done), "Task 1 is not done: a function returns None"
rng = np.random.default_rng(121)
for size in (2, 5, 40):
    message, table = rng.integers(0, 9, size), rng.integers(1, 50, size)
    message[0] = 3
    spent = sum(n * -np.log2(f / table.sum()) for n, f in zip(message, table, strict=True)) / message.sum()
    assert np.isclose(mean_bits(message, table), spent), f"mean_bits is wrong for {size} symbols and other frequencies"
    symbols = np.repeat(np.arange(size), message)[:, None]
    assert np.isclose(waste(message, table), spent - compression.entropy(symbols)[0]), (
        f"waste is wrong for {size} symbols, some of which do not occur"
    )
assert np.isclose(mean_bits(np.array([0, 7]), np.array([3, 1])), 2), "mean_bits is wrong for a message of one symbol"
### END HIDDEN TESTS

# %% [markdown]
# Your function at work: the bits a symbol that are wasted if clothes are coded with the frequencies of digits (first
# column) or of other clothes (second). Digits and clothes are coded by the same 16 components of the clothes and
# quantised with the same step. The table shows the first six.


# %% nbgrader={"grade": false, "grade_id": "setup-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
def table_of_waste():
    step = train_codes[:, :16].std() / 2
    digits = pca.encode(data.load_mnist().x_train[:5000])[:, :16]
    both = Quantiser.fit(np.concatenate([train_codes[:, :16], digits]), step)
    clothes_counts, digit_counts, other_counts = (
        [np.bincount(unit, minlength=4096) for unit in both.quantise(codes[:, :16]).T]
        for codes in (val_codes, digits, train_codes)
    )
    rows = {}
    for unit in range(16):
        size, own = both.levels[unit], clothes_counts[unit][: both.levels[unit]]
        tables = {"digits": digit_counts[unit][:size] + 1, "other clothes": other_counts[unit][:size] + 1}
        rows[unit + 1] = {f"wasted with {name}": waste(own, table) for name, table in tables.items()}
    return pd.DataFrame(rows).T.rename_axis("component").head(6).round(3)


None if waste(np.array([1, 1]), np.array([1, 1])) is None else table_of_waste()

# %% [markdown]
# ## Task 2: The best value for a symbol (3 marks)
#
# The chapter's decoder turns symbol $k$ of unit $j$ into the value $\ell_j + k \Delta_j$, the middle of the interval
# that was rounded to it. But training codes need not be spread evenly over that interval: far from the mean there are
# more on the near side than on the far one. Write
#
# `best_values(codes, symbols, values)`, which gives for each unit and symbol the value that makes the *squared error on
# the training codes* as small as possible, as an array of shape `(d, K)`.
#
# - `codes`, shape `(n, d)`: training codes; `symbols`, shape `(n, d)`: what they were quantised to, with any quantiser.
# - `values`, shape `(d, K)`: the values so far. A symbol that no training code became keeps its value.
#
# The symbols cost not a bit more. Only the head of the file grows, by a table of values, and it is sent once.
#
# <details><summary>Hint</summary>
#
# Take one unit and one symbol, and collect the training codes that became it. Which single number has the least sum of
# squared distances from them? (The decoder of the collapsed code in chapter 5 had to give one answer to all images.
# Which was it?) `np.bincount` counts, and with `weights=` it sums; or write two loops with a mask, which is quick
# enough.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def best_values(codes, symbols, values):
    """For each unit and symbol the value with the least squared error on training codes, shape (d, K)."""
    ### BEGIN SOLUTION
    best = np.array(values, dtype=np.float64)
    for unit, row in enumerate(best):
        number = np.bincount(symbols[:, unit], minlength=len(row))
        total = np.bincount(symbols[:, unit], weights=codes[:, unit], minlength=len(row))
        row[number > 0] = total[number > 0] / number[number > 0]
    return best
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-2-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
few = np.array([[0.0, 10.0], [0.2, 11.0], [0.7, 10.5], [1.9, 19.0]])
few_symbols, few_values = np.array([[0, 0], [0, 0], [0, 0], [1, 2]]), np.array([[0.5, 1.5, 2.5], [10.0, 15.0, 20.0]])
if started(best_values(few, few_symbols, few_values), "Task 2"):
    found = np.asarray(best_values(few, few_symbols, few_values), dtype=float)
    assert found.shape == (2, 3), f"your values have shape {found.shape}; they need that of `values`, (2, 3)"
    assert not np.isnan(found).any(), "some of your values are nan: a symbol that no code became keeps its value"
    assert not np.isclose(found[0, 0], 0.2), (
        "you took the median; it has the least *absolute* error, not the squared one"
    )
    assert not np.isclose(found[0, 0], 0.35), (
        "you took the middle between least and greatest; the other codes count, too"
    )
    assert not np.isclose(found[0, 2], 0), "a symbol that no code became has the value 0; it has to keep its value"
    assert np.allclose(found[:, 0], [0.3, 10.5]), (
        f"symbol 0 stands for the codes {few[:3, 0]} in the first unit and {few[:3, 1]} in the second; your values for it "
        f"are {found[:, 0].round(3)}: each unit has its own"
    )
    assert np.allclose(found, [[0.3, 1.9, 2.5], [10.5, 15.0, 19.0]]), (
        f"the other symbols are not right: {found.round(3)}"
    )
    print("Task 2: the visible checks pass.")
### BEGIN HIDDEN TESTS
assert best_values(few, few_symbols, few_values) is not None, "Task 2 is not done: the function returns None"
rng = np.random.default_rng(122)
for n, d, size in ((60, 1, 4), (25, 6, 9)):
    codes, symbols, values = rng.normal(size=(n, d)), rng.integers(0, size - 1, (n, d)), rng.normal(size=(d, size))
    found = np.asarray(best_values(codes, symbols, values), dtype=float)
    assert found.shape == (d, size), f"best_values has the wrong shape for {d} units with {size} symbols"
    for unit, k in product(range(d), range(size)):
        became = codes[symbols[:, unit] == k, unit]
        expected = became.mean() if len(became) else values[unit, k]
        assert np.isclose(found[unit, k], expected), f"best_values is wrong for {d} units with {size} symbols"
### END HIDDEN TESTS

# %% [markdown]
# What it is worth on *validation* codes, which had no say in it: PSNR with the middles, and with your values. (Your
# values have the least error in the *codes*. PSNR is about images, whose pixels are clipped to [0, 1], so where the
# steps are fine, nothing need be left to gain, or a few hundredths of a decibel may even be lost.)


# %% nbgrader={"grade": false, "grade_id": "setup-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
def worth_of_values():
    rows = {}
    for part in (0.5, 1.0, 2.0, 3.0):
        quantiser = Quantiser.fit(train_codes, part * train_codes.std())
        values = quantiser.low[:, None] + np.arange(quantiser.levels.max()) * quantiser.step[:, None]
        best = best_values(train_codes, quantiser.quantise(train_codes), values)
        if best is None:
            return None
        symbols = quantiser.quantise(val_codes)
        rebuilt = {
            "middles": quantiser.dequantise(symbols),
            "your values": np.stack([np.asarray(row)[unit] for row, unit in zip(best, symbols.T, strict=True)], axis=1),
        }
        row = {name: psnr(x_validation, decode(codes)) for name, codes in rebuilt.items()}
        rows[part] = {"bits per image": quantiser.code_length(symbols) / len(symbols)} | row
    return pd.DataFrame(rows).T.rename_axis("step / std").round(2)


worth_of_values()

# %% [markdown]
# ## Task 3: How many bits for which component? (3 marks)
#
# Theory knows the best way to share out an error. Let the $d$ components be independent and normally distributed with
# variances $\sigma_j^2$, and let the squared errors of all components add up to $D$, where $0 < D \le \sum_j
# \sigma_j^2$. The fewest bits are needed if there is a *level* $\theta$ up to which every component's error is filled,
# like water:
#
# $$ D_j = \min(\theta, \sigma_j^2), \qquad \sum_j D_j = D, \qquad R = \sum_j \tfrac12 \log_2 \frac{\sigma_j^2}{D_j}. \tag{Ex12.1} $$
#
# A component whose variance lies below the level gets no bits; its error is its whole variance. Write two functions of
# the array `variances`, shape `(d,)`, all above 0 and in no order, and of the number `distortion`, which is $D$.
#
# - `water_level(variances, distortion)` gives the smallest $\theta$ with which (Ex12.1) holds, to six digits or better.
# - `bits_needed(variances, distortion)` gives $R$, in bits.
#
# <details><summary>Hint</summary>
#
# If all components lay above the level, $\theta = D / d$. Otherwise some drop out. Sort the variances. If the $m$
# smallest lie below the level, their error is their sum, and the others share the rest equally: $\theta = (D -
# \text{that sum}) / (d - m)$. Which $m$ fits? Or halve an interval again and again: $\sum_j \min(\theta, \sigma_j^2)$
# grows with $\theta$.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def water_level(variances, distortion):
    """The level up to which every component's squared error is filled."""
    ### BEGIN SOLUTION
    ascending = np.sort(variances)
    below = np.concatenate([[0], np.cumsum(ascending)[:-1]])
    levels = (distortion - below) / np.arange(len(ascending), 0, -1)
    return levels[np.argmax(levels <= ascending * (1 + 1e-12))]
    ### END SOLUTION


def bits_needed(variances, distortion):
    """Bits in all that components with these variances need for this squared error in all."""
    ### BEGIN SOLUTION
    theta = water_level(variances, distortion)
    return np.log2(np.maximum(variances / theta, 1)).sum() / 2
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-3-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(water_level(np.array([4.0, 1.0]), 1.0), "Task 3, water_level") and started(
    bits_needed(np.array([4.0, 1.0]), 1.0), "Task 3, bits_needed"
):
    three = np.array([1.0, 16.0, 4.0])  # in no order
    found = water_level(three, 1.5)
    assert np.ndim(found) == 0, f"water_level gives an array of shape {np.shape(found)}; it needs a single number"
    assert np.isclose(found, 0.5), f"with all three above the level it is 1.5 / 3 = 0.5, not {found:.4f}"
    found = water_level(three, 5.0)
    assert not np.isclose(found, 5 / 3), (
        "you shared the error out equally, 5/3 each. But the component with variance 1 cannot have an error above 1"
    )
    assert np.isclose(found, 2.0), (
        f"one component is flooded with an error of 1; the others share 4: 2, not {found:.4f}"
    )
    assert np.isclose(water_level(three, 14.0), 9.0), "with D = 14 two components are flooded (1 and 4); 9 are left"
    assert np.isclose(water_level(three, 21.0), 16.0), (
        "with D the sum of all variances the level is the largest of them"
    )

    found = bits_needed(three, 1.5)
    for mistake, why in {
        9.0: "you forgot the half in (Ex12.1)",
        4.5 * np.log(2): "your logarithm is the natural one; bits need log2",
        -4.5: "the sign is wrong: the variance stands above, the error below",
    }.items():
        assert not np.isclose(found, mistake), why
    assert np.isclose(found, 4.5), f"variances 1, 16 and 4 at the level 0.5 need (1 + 5 + 3) / 2 bits, not {found:.4f}"
    found = bits_needed(three, 5.0)
    assert not np.isclose(found, 1.5), "a component below the level costs no bits; in your sum it earns some back"
    assert np.isclose(found, 2.0), f"at the level 2 they need (0 + 3 + 1) / 2 bits, not {found:.4f}"
    print("Task 3: the visible checks pass.")
### BEGIN HIDDEN TESTS
done = [water_level(np.array([4.0, 1.0]), 1.0), bits_needed(np.array([4.0, 1.0]), 1.0)]
assert all(value is not None for value in done), "Task 3 is not done: a function returns None"
rng = np.random.default_rng(123)
for d, share in ((1, 0.3), (7, 0.02), (7, 0.8), (40, 0.5), (40, 1.0)):
    variances = rng.exponential(size=d) ** 3 + 1e-4
    total = share * variances.sum()
    theta = water_level(variances, total)
    assert np.isclose(np.minimum(theta, variances).sum(), total, rtol=1e-5), (
        f"water_level: the errors do not add up to D for {d} components and D = {share} of the variance"
    )
    assert theta <= variances.max() * (1 + 1e-5), "water_level: the level is above the largest variance"
    level = variances.max() if share == 1 else theta
    expected = sum(0.5 * np.log2(v / min(level, v)) for v in variances)
    assert np.isclose(bits_needed(variances, total), expected, atol=1e-4), f"bits_needed is wrong for {d} components"
assert np.isclose(water_level(np.full(5, 2.0), 3.0), 0.6), "water_level is wrong where all variances are equal"
### END HIDDEN TESTS

# %% [markdown]
# Theory beside practice: the bits that (Ex12.1) asks for with the variances of the clothes' 96 components, and what the
# chapter's way takes with one step for all, at the same squared error. Neither counts the error of the components
# beyond the 96th. The last column belongs to practice: it counts components with more than one symbol, for which a
# single training image is enough.


# %% nbgrader={"grade": false, "grade_id": "setup-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
def theory_and_practice():
    rows = {}
    for part in (0.5, 1.0, 2.0):
        quantiser = Quantiser.fit(train_codes, part * train_codes.std())
        symbols = quantiser.quantise(train_codes)
        error = ((quantiser.dequantise(symbols) - train_codes) ** 2).mean(axis=0).sum()
        bits = bits_needed(train_codes.var(axis=0), error)
        if bits is None:
            return None
        rows[part] = {"squared error": error, "bits, theory": bits}
        rows[part]["bits, one step for all"] = quantiser.code_length(symbols) / len(symbols)
        rows[part]["components with bits"] = (quantiser.levels > 1).sum()
    return pd.DataFrame(rows).T.rename_axis("step / std").round(2)


theory_and_practice()

# %% [markdown]
# ## Task 4: A prefix code (4 marks)
#
# Before rANS there was Huffman's code of 1952: each symbol gets a *codeword* of whole bits, short ones for frequent
# symbols. No codeword is the beginning of another one (a *prefix code*), so that a string of them can be taken apart
# without commas. Write two functions.
#
# - `huffman_lengths(counts)` gives the length of each symbol's codeword, as an array of $K \ge 2$ integers, all at
#   least 1. `counts`, shape `(K,)`, holds how often each symbol occurs, all above 0. Huffman's procedure: put each
#   symbol into a group of its own. Take the two groups with the smallest counts and merge them; the codeword of every
#   symbol in the two gets one bit longer; the merged group has the sum of their counts. Repeat until one group is left.
#   Where counts are equal, any choice is right: the bits in all are the same.
# - `codewords(lengths)` gives codewords of these lengths that form a prefix code, as a list of $K$ strings of `"0"` and
#   `"1"`, the one of symbol 0 first. `lengths`, shape `(K,)`, are lengths as the first function gives them; they come
#   in no order.
#
# <details><summary>Hint</summary>
#
# For the lengths: a list of pairs (count, symbols of the group) that you sort anew for each merge is quick enough; or
# `heapq`. For the codewords: go through the symbols from the shortest codeword to the longest. The first gets only
# zeros. To get the next one, count up by one as if the last codeword were a binary number, then append zeros until it
# is as long as wanted. `format(5, "04b")` is `"0101"`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def huffman_lengths(counts):
    """Lengths of the codewords of a Huffman code, an array of integers of shape (K,)."""
    ### BEGIN SOLUTION
    lengths = np.zeros(len(counts), dtype=int)
    groups = [(int(count), [symbol]) for symbol, count in enumerate(counts)]
    while len(groups) > 1:
        groups.sort()
        (rare, some), (rarer, others), *groups = groups
        lengths[some + others] += 1
        groups.append((rare + rarer, some + others))
    return lengths
    ### END SOLUTION


def codewords(lengths):
    """Codewords of these lengths, of which none begins another: a list of strings of 0 and 1."""
    ### BEGIN SOLUTION
    words, number, before = [""] * len(lengths), -1, 0
    for symbol in np.argsort(lengths, kind="stable"):
        length = int(lengths[symbol])
        number = (number + 1) << (length - before)
        words[symbol], before = format(number, f"0{length}b"), length
    return words
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-4-tests", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
def clash(words):
    """Two codewords of which one begins the other, or None."""
    ordered = sorted(words)  # the beginning of a word comes right before it, or before words that it begins as well
    return next(((a, b) for a, b in zip(ordered, ordered[1:], strict=False) if b.startswith(a)), None)


if started(huffman_lengths(np.array([3, 1])), "Task 4, huffman_lengths") and started(
    codewords(np.array([1, 1])), "Task 4, codewords"
):
    counts = np.array([1, 5, 1, 2])
    found = np.asarray(huffman_lengths(counts))
    assert found.shape == (4,), f"the lengths have shape {found.shape}; they need that of the counts, (4,)"
    assert (found == found.astype(int)).all() and found.min() >= 1, f"lengths are whole numbers from 1 on, not {found}"
    assert not (found == 2).all(), "your codewords all have the same length; the frequent symbol needs a short one"
    assert found[1] == found.min(), (
        "the most frequent symbol did not get the shortest codeword: merge the rarest groups"
    )
    assert found.tolist() == [3, 1, 3, 2], (
        f"for the counts {counts.tolist()}: 1 and 1 merge to 2; 2 and 2 merge to 4; 4 and 5 merge. So the lengths are 3, 1, "
        f"3 and 2, not {found.tolist()}"
    )
    even = np.asarray(huffman_lengths(np.array([5, 5, 6, 6])))
    assert even.tolist() == [2, 2, 2, 2], f"four symbols that are about equally frequent take 2 bits each, not {even}"

    found = list(codewords(np.array([3, 1, 3, 2])))
    assert len(found) == 4 and all(isinstance(word, str) for word in found), "codewords gives a list of four strings"
    assert set("".join(found)) <= set("01"), f"codewords are made of 0 and 1 alone, not {found}"
    assert [len(word) for word in found] == [3, 1, 3, 2], (
        f"your codewords {found} do not have the lengths 3, 1, 3 and 2: symbol 0 comes first in the list"
    )
    assert clash(found) is None, f"{clash(found)}: the first is the beginning of the second, or they are equal"
    print("Task 4: the visible checks pass.")
### BEGIN HIDDEN TESTS
done = [huffman_lengths(np.array([3, 1])), codewords(np.array([1, 1]))]
assert all(value is not None for value in done), "Task 4 is not done: a function returns None"


def least_bits(counts):
    """Bits in all of the best prefix code: each merge costs the merged count."""
    left, total = sorted(int(count) for count in counts), 0
    while len(left) > 1:
        merged = left[0] + left[1]
        left, total = sorted([*left[2:], merged]), total + merged
    return total


rng = np.random.default_rng(124)
samples = [np.array([7, 1]), np.array([1, 2, 4, 8, 16, 32, 64]), np.full(6, 3), *rng.integers(1, 100, (4, 30))]
for counts in samples:
    lengths = np.asarray(huffman_lengths(counts))
    assert lengths.shape == counts.shape and lengths.min() >= 1, f"huffman_lengths is wrong for {len(counts)} symbols"
    assert np.isclose((0.5**lengths).sum(), 1), (
        f"no prefix code has your lengths for {len(counts)} symbols, or it has gaps"
    )
    assert (counts * lengths).sum() == least_bits(counts), (
        f"huffman_lengths: {len(counts)} symbols could take fewer bits"
    )
for lengths in ([1, 1], [2, 2, 2, 2], [5, 4, 3, 2, 1, 5], [2, 3, 1, 4, 4], [3, 3, 1, 3, 3], [2, 2, 2, 3, 3]):
    words = list(codewords(np.array(lengths)))
    assert [len(word) for word in words] == lengths, f"codewords: the lengths are wrong for {lengths}"
    assert set("".join(words)) <= set("01"), "codewords: only 0 and 1 are allowed"
    assert clash(words) is None, f"codewords: one is the beginning of another one for the lengths {lengths}"
### END HIDDEN TESTS

# %% [markdown]
# Your code on the clothes: bits a symbol for some components, quantised coarsely (one step for all). `whole bits` is
# what codewords of equal length take. In the last column, the entropy: the least for symbols that are taken for
# independent.


# %% nbgrader={"grade": false, "grade_id": "setup-4", "locked": true, "schema_version": 3, "solution": false, "task": false}
def huffman_table():
    quantiser = Quantiser.fit(train_codes, 2 * train_codes.std())
    symbols = quantiser.quantise(train_codes)
    rows = {}
    for unit in (0, 1, 4, 16, 32, 64, 90):
        counts = np.unique_counts(symbols[:, unit]).counts
        lengths = huffman_lengths(counts) if len(counts) > 1 else [0]
        if lengths is None:
            return None
        rows[unit + 1] = {
            "symbols in use": len(counts),
            "share of the most frequent": counts.max() / counts.sum(),
            "whole bits": np.ceil(np.log2(len(counts))),
            "Huffman": np.average(lengths, weights=counts),
            "entropy": compression.entropy(symbols[:, [unit]])[0],
        }
    return pd.DataFrame(rows).T.rename_axis("component").round(3)


huffman_table()

# %% [markdown]
# ## Question 1: Whole bits (2 marks)
#
# Look at the table above (if Task 4 is not done, argue from the definition of a codeword). Answer in three to five
# sentences.
#
# 1. For which components does Huffman's code come close to the entropy, and for which does it spend a multiple of it?
#    What about a codeword makes that so?
# 2. rANS does not have this fault. What can it do that no prefix code can? Name one other remedy that keeps Huffman's
#    code.

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-1", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** It comes close for the first components, which use many symbols, none of them very frequent: the
# entropy is above 1 bit there, and rounding each symbol's $-\log_2 p$ to whole bits costs some hundredths on average.
# For the later components nearly all symbols are the same one, with a share far above one half, and the entropy is a
# small part of a bit. A codeword has at least one bit, so Huffman's code cannot spend less than 1 bit a symbol, a
# multiple of the entropy. rANS gives a symbol no bits of its own: each makes one common number larger by a factor of
# $1/p$, and so adds $-\log_2 p$ bits, which may be a fraction. Remedy: make one symbol of several, for example of the
# same component in many images or of all late components of an image; then even the commonest block costs one bit in
# all, not one for each of its symbols. (Or code how many times in a row the common symbol occurs, as fax machines do.)
#
# **Rubric.**
#
# - 1 mark for both kinds of component, with the reason: at least one whole bit for each symbol. Half a mark without the
#   reason.
# - 1 mark for fractions of bits in rANS (one number or state for the whole message), half, and for a remedy that
#   spreads a codeword over several symbols (blocks, run lengths), half. Units with one symbol only may be left out;
#   that alone is no remedy.
# ### END SOLUTION

# %% [markdown]
# ## Task 5: Fewer bits at the same quality (3 marks)
#
# The cell below stores 64 components of the clothes, each with a step that divides its range into eight symbols. Find
# something better: an array `my_steps` of one step for each of the first $m$ components, $1 \le m \le 96$. On the
# validation images,
#
# - the PSNR of the images decoded from your quantised components has to be at least that of the cell below;
# - the bits per image (`code_length`, with the frequencies of the training images) have to be at most **85 %** of those
#   of the cell below.
#
# Your cell may compute `my_steps` in any way from training and validation images. The hidden check measures the same on
# test images, with a margin of 0.05 dB and two per cent of the bits.


# %% nbgrader={"grade": false, "grade_id": "setup-5", "locked": true, "schema_version": 3, "solution": false, "task": false}
def judge(steps, x):
    """Bits per image and PSNR of images `x`, with these steps for the first components."""
    steps = np.asarray(steps, dtype=float)
    quantiser = Quantiser.fit(train_codes[:, : len(steps)], steps)
    symbols = quantiser.quantise(pca.encode(x)[:, : len(steps)])
    return quantiser.code_length(symbols) / len(x), psnr(x, decode(quantiser.dequantise(symbols)))


plain_steps = np.ptp(train_codes[:, :64], axis=0) / 7
plain_bits, plain_psnr = judge(plain_steps, x_validation)
print(f"64 components, eight symbols each: {plain_bits:.1f} bits per image, PSNR {plain_psnr:.2f} dB")
print(f"yours: at most {0.85 * plain_bits:.1f} bits per image, PSNR at least {plain_psnr:.2f} dB")

# %% [markdown]
# <details><summary>Hint</summary>
#
# `judge(my_steps, x_validation)` is yours to call. In chapter 12, which rule for the step suits PCA, and why? Once one
# number fixes all steps, try some values of it. Components that nearly always have the same symbol cost next to
# nothing, so there is no need to count components.
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "task-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
my_steps = None
### BEGIN SOLUTION
fine, coarse = 0.2, 4.0
while coarse - fine > 0.02:
    share = (fine + coarse) / 2
    enough = judge(np.full(96, share * train_codes.std()), x_validation)[1] >= plain_psnr
    fine, coarse = (share, coarse) if enough else (fine, share)
my_steps = np.full(96, fine * train_codes.std())
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "task-5-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(my_steps, "Task 5"):
    steps = np.asarray(my_steps, dtype=float)
    assert steps.ndim == 1 and 1 <= len(steps) <= 96, (
        f"my_steps has shape {steps.shape}; it needs one step for each of the first m components, with m from 1 to 96"
    )
    assert np.isfinite(steps).all() and (steps > 0).all(), "every step has to be a number above 0"
    bits, quality = judge(steps, x_validation)
    print(f"your steps: {bits:.1f} bits per image, PSNR {quality:.2f} dB")
    assert quality >= plain_psnr, (
        f"your PSNR is {quality:.2f} dB, below {plain_psnr:.2f}: make the steps smaller, or keep more components"
    )
    assert bits <= 0.85 * plain_bits, (
        f"you spend {bits:.1f} bits per image; at most {0.85 * plain_bits:.1f} are allowed. Where do your bits go: to "
        "components that matter to the image, or to small ones as well?"
    )
    print("Task 5: the visible checks pass.")
### BEGIN HIDDEN TESTS
assert my_steps is not None, "Task 5 is not done: my_steps is None"
x_other = clothes.x_test[:2500]
bits, quality = judge(my_steps, x_other)
other_bits, other_quality = judge(plain_steps, x_other)
assert quality >= other_quality - 0.05, "on test images your PSNR is below that of eight symbols each"
assert bits <= 0.87 * other_bits, "on test images you spend more than 87 per cent of the bits of eight symbols each"
### END HIDDEN TESTS

# %% [markdown]
# Now somebody wants to sell this. The table holds the bytes of the 2,500 validation images at 20 dB or better: PCA with
# one step for all, its codes in a file as in chapter 12 and its decoder (96 components and the mean image in
# `float16`); and JPEG and WebP of one mosaic of all images, saved with Pillow's default settings, each at the lowest
# quality that reaches PCA's PSNR. The last row is for PCA's file of 2,500 *digits*, with the same step and the
# frequencies of clothes.


# %% nbgrader={"grade": false, "grade_id": "setup-6", "locked": true, "schema_version": 3, "solution": false, "task": false}
def as_mosaic(form, quality):
    """The validation images as one picture of 50 by 50: its bytes, and the PSNR of what comes back."""
    grey = np.rint(255 * x_validation).astype(np.uint8).reshape(50, 50, 28, 28).swapaxes(1, 2).reshape(1400, 1400)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, form, quality=quality)
    back = np.asarray(Image.open(file).convert("L"), dtype=np.float32) / 255
    back = back.reshape(50, 28, 50, 28).swapaxes(1, 2).reshape(-1, 784)
    return len(file.getvalue()), psnr(x_validation, back)


quantiser = Quantiser.fit(train_codes, 0.6 * train_codes.std())
offer = {}
for name, x in (("PCA", x_validation), ("PCA, digits", data.load_mnist().x_train[:2500])):
    symbols = quantiser.quantise(pca.encode(x))
    with tempfile.TemporaryDirectory() as folder:
        file_bytes = compression.write(f"{folder}/codes.aelc", symbols, quantiser)
    offer[name] = {"codes": file_bytes, "decoder": 2 * 97 * 784, "PSNR": psnr(x, decode(quantiser.dequantise(symbols)))}
for form in ("JPEG", "WEBP"):
    tried = (as_mosaic(form, quality) for quality in range(100))
    size, quality = next(found for found in tried if found[1] >= offer["PCA"]["PSNR"])
    offer[f"{form}, mosaic"] = {"codes": size, "decoder": 0, "PSNR": quality}
offer = pd.DataFrame(offer).T.loc[["PCA", "JPEG, mosaic", "WEBP, mosaic", "PCA, digits"]]
offer.insert(2, "codes, bytes an image", offer["codes"] / 2500)
offer.round(2)

# %% [markdown]
# ## Question 2: An honest offer (3 marks)
#
# A salesperson says: "Our learned format takes a few bytes an image, a small part of what JPEG takes." Use the table.
# Write six to ten sentences.
#
# 1. From how many images on does PCA, its decoder counted, take fewer bytes than the WebP mosaic? And than the JPEG
#    mosaic? Show the calculation.
# 2. A museum has 300 pictures of clothes, a shop gets 5,000 a day. What do you advise each of them, as far as bytes go?
# 3. What does the last row say, and what must therefore be written on the package? Name one further thing that the
#    table does not count, or one condition under which it was made, that might reverse the advice.

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-2", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** (With the numbers of the run in this notebook; others may differ a little.) PCA is level with a
# format after $n = D / (r - c)$ images: with WebP after $152{,}096 / (38.30 - 23.51) \approx 10{,}300$, with JPEG after
# $152{,}096 / (56.49 - 23.51) \approx 4{,}600$. Codes alone are well under half of JPEG's bytes, so "a small part" is
# salesmanship even without the decoder. The museum's 300 pictures take about 159 kB with PCA, nearly all of it decoder,
# and about 17 kB as a JPEG mosaic, 11 kB as WebP: it should take a format, and WebP rather than JPEG. The shop's first
# 5,000 take about 270 kB with PCA, 282 kB with JPEG and 191 kB with WebP; every further day takes 118 kB with PCA and
# 191 kB with WebP, so from the third day on PCA is ahead. It should take PCA, if it needs no better than 20 dB. The
# last row: digits take half as many bytes again and come back at under 17 dB, more than twice the squared error. So
# "for clothes like those of the training set only" must be on the package. Not counted or not equal: the WebP mosaic
# has 21.65 dB, more than a decibel above PCA; a shrunken WebP might be level with PCA much later or never. All formats
# got one mosaic, so no single picture can be fetched without the others. The decoder's program and the training are
# free here. And the decoder could be stored in 8 bits, which would help PCA.
#
# **Rubric.**
#
# - 1 mark for both break-even numbers by $D / (r - c)$, with the table's numbers; half for one of them, or for a slip.
# - 1 mark for both pieces of advice with a comparison of totals, decoder included: half for each.
# - 1 mark for what the last row says (more bytes *and* a worse image, so only for its own kind), half, and for one
#   sensible thing not counted or not equal, half.
# ### END SOLUTION

# %% [markdown]
# Before you hand in: *Kernel → Restart Kernel and Run All Cells*, and see that every check passes.
