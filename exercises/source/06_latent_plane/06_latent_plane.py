# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercise sheet 6: The latent plane
#
# This sheet follows [chapter 6](../../../chapters/06_latent_plane.ipynb). There you saw the plane of digits. Here is
# a plane that you have not seen: that of Fashion-MNIST, 28 by 28 grey images of clothes in ten classes. You walk
# through it, draw its map, count which classes mix, change its axes without changing a reconstruction, and build a
# better one.
#
# It takes about 100 minutes. There are twenty marks: fourteen for tasks that are checked automatically, six for two
# questions that your teacher marks.
#
# | Task | What you practise | Marks |
# | --- | --- | ---: |
# | Task 1 | a straight path, and how far from any code it runs | 2 |
# | Task 2 | the map: codes on a grid, images in a mosaic | 3 |
# | Task 3 | which classes are neighbours, counted in NumPy | 3 |
# | Question 1 | reading a plane | 3 |
# | Task 4 | other axes, the same reconstructions | 3 |
# | Question 2 | what may be measured in a plane | 3 |
# | Task 5 | training a plane that beats PCA's by a margin | 3 |
#
# **How to work.** Write in the cells marked *Your code here* and *Your answer here*. Run the cell below a task to
# check it: a check that fails says what is wrong and where to look. No task needs another one's code, so you may
# leave one out. Before you hand in, choose *Kernel → Restart Kernel and Run All Cells* and see that everything runs.
# Hidden checks grade the same requirements on other data, so do not write for the numbers that you see.
#
# **Notation.** A code is a row vector $z$ of two numbers, *code unit 1* and *code unit 2*. In the [latent
# plane](../../../chapters/glossary.md#latent-plane) the first is drawn to the right, the second upwards. An array of
# codes has shape `(n, 2)`: one row for each code.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
from aelib import baselines, data, metrics, models, plots, training
from aelib.exercises import started
from aelib.models import predict

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

clothes = data.load_fashion_mnist()
split = clothes.validation_split(10_000, seed=6)
x_train = split.x_train[:20_000]  # enough for this sheet, and three times as fast
x_validation, y_validation = split.x_validation[:4000], split.y_validation[:4000]


plane = models.dense_autoencoder(latent_dim=2, code_activation="linear", seed=0)
training.fit(plane, x_train, epochs=8, batch_size=250, seed=0)
codes = predict(plane.encoder, x_validation)

error = metrics.mean_squared_error(x_validation, predict(plane, x_validation))
trouser, boot = (np.where(y_validation == number, error, np.inf).argmin() for number in (1, 9))  # the best rebuilt
print("classes:", ", ".join(f"{number} {name}" for number, name in enumerate(clothes.class_names)))

# %% [markdown]
# The model `plane` is that of chapter 6 with a linear code of two units, trained on the images `x_train`. `codes`,
# shape `(4000, 2)`, holds its codes of the validation images `x_validation`, and `y_validation` holds their classes.
# Here are 1,500 of the codes, each drawn as the number of its class.

# %% mystnb={"image": {"alt": "Codes of validation images, drawn as the numbers of their classes. Trousers run out to the lower left in a long arm, with dresses along it. Two arms lead downwards on the right, one of ankle boots and one of sneakers, and sandals lie where they begin. Bags form a cluster at the upper right. At the top, pullovers, coats and shirts lie on one another."}} nbgrader={"grade": false, "grade_id": "setup-plane", "locked": true, "schema_version": 3, "solution": false, "task": false}
plots.latent_planes(
    {"codes of validation images": codes},
    y_validation,
    class_names=clothes.class_names,
    title="The plane of clothes",
    columns=1,
    points=1500,
)

# %% [markdown]
# ## Task 1: A walk and its gap (2 marks)
#
# Write two functions.
#
# - `path(start, end, steps)` gives `steps` points on the straight line from the code `start` to the code `end`,
#   equally far apart, as an array of shape `(steps, 2)`. The first row is `start`, the last row is `end`. Both
#   arguments are arrays of shape `(2,)`.
# - `gap(points, codes)` says how far a path strays from the codes. For each of the `points`, shape `(m, 2)`, take the
#   Euclidean distance to the *nearest* of the `codes`, shape `(n, 2)`. The gap is the largest of these $m$ distances,
#   one number. All points given count, the first and the last too.
#
# <details><summary>Hint</summary>
#
# For `path`: a point is $(1 - t) \cdot$ start $+\ t \cdot$ end, and `np.linspace` gives the shares $t$. To multiply
# `steps` shares by two coordinates you need them as a column, `[:, None]`. For `gap`: `points[:, None] - codes[None]`
# has shape `(m, n, 2)` and holds every difference. Which axis do you have to get rid of first, and with which of sum,
# minimum and maximum?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def path(start, end, steps):
    """Points on the straight line from one code to another, both included, shape (steps, 2)."""
    ### BEGIN SOLUTION
    share = np.linspace(0, 1, steps)[:, None]
    return (1 - share) * start + share * end
    ### END SOLUTION


def gap(points, codes):
    """The largest of the points' distances to their nearest code, a number."""
    ### BEGIN SOLUTION
    difference = points[:, None] - codes[None]
    distance = np.sqrt((difference**2).sum(axis=2))
    return distance.min(axis=1).max()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-1-tests", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
if started(path(codes[0], codes[1], 5), "Task 1, path") and started(gap(codes[:2], codes), "Task 1, gap"):
    start, end = np.array([1.0, -2.0]), np.array([5.0, 6.0])
    found = np.asarray(path(start, end, 5))
    assert found.shape == (5, 2), (
        f"path(start, end, 5) has shape {found.shape}; it needs (5, 2): one row for each point"
    )
    assert np.allclose(found[0], start), f"the first point is {found[0]}; it has to be start, {start}"
    assert np.allclose(found[-1], end), f"the last point is {found[-1]}; it has to be end, {end}: count both ends"
    assert np.allclose(found[2], [3, 2]), f"half-way is {found[2]}, not [3, 2]: are your points equally far apart?"

    stops, places = np.array([[0.0, 3.0], [5.0, 4.0]]), np.array([[0.0, 0.0], [10.0, 0.0], [100.0, 0.0]])
    found = gap(stops, places)
    assert np.ndim(found) == 0, f"gap gives an array of shape {np.shape(found)}; it needs a single number"
    for mistake, why in {
        41: "you gave the squared distance: take the root",
        9: "you added the two coordinates' distances; Euclidean distance is the root of the summed squares",
        (3 + np.sqrt(41)) / 2: "you took the mean over the points; the gap is the largest of their distances",
        3: "you took the smallest distance of all; the gap is where the path is farthest from its nearest code",
        np.hypot(100, 3): "you took the farthest code; for each point, the nearest one counts",
        np.hypot(95, 4): "you took the nearest point for each code; take the nearest code for each point",
    }.items():
        assert not np.isclose(found, mistake), why
    assert np.isclose(found, np.sqrt(41)), f"the gap of these two points is {np.sqrt(41):.4f}, not {found:.4f}"
    print("Task 1: the visible checks pass.")
### BEGIN HIDDEN TESTS
done = [path(codes[0], codes[1], 5), gap(codes[:2], codes)]
assert all(value is not None for value in done), "Task 1 is not done: a function returns None"
rng = np.random.default_rng(61)
start, end = rng.normal(size=(2, 2))
for steps in (2, 8):
    found = path(start, end, steps)
    assert np.shape(found) == (steps, 2), f"with steps={steps}, path needs {steps} points: start and end are among them"
    assert np.allclose(found[0], start) and np.allclose(found[-1], end), "path has to begin at start and stop at end"
    assert np.allclose(np.diff(found, axis=0), (end - start) / (steps - 1)), "path's points are not equally far apart"
for m, n in ((7, 40), (60, 5), (1, 9)):
    points, places = rng.normal(size=(m, 2)), rng.normal(size=(n, 2))
    expected = max(min(np.hypot(*(point - place)) for place in places) for point in points)
    assert np.isclose(gap(points, places), expected), f"gap is wrong for {m} points among {n} codes"
### END HIDDEN TESTS

# %% [markdown]
# Here is your path from the trouser that the model rebuilds best to the ankle boot that it rebuilds best, decoded.
# Below each image stands the distance of its point to the nearest code. Where is it largest, and what does the
# decoder draw there?


# %% mystnb={"image": {"alt": "Ten decoded images. The first four are trousers. Then one leg fades and the other grows a toe; the sixth, with the largest distance below it, shows trouser and boot in one. The last four are ankle boots, high ones first."}} nbgrader={"grade": false, "grade_id": "setup-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
def draw_walk():
    walk = path(codes[trouser], codes[boot], 10)
    if walk is None or gap(walk, codes) is None:
        return None
    return plots.image_rows(
        {"decoded": predict(plane.decoder, walk)},
        title=f"From a trouser to an ankle boot; the gap is {gap(walk, codes):.2f}",
        captions={"decoded": [f"{gap(point[None], codes):.2f}" for point in walk]},
    )


draw_walk()

# %% [markdown]
# ## Task 2: The map (3 marks)
#
# To draw what the decoder makes of a rectangle of the plane, divide it into `columns` times `rows` cells of equal
# size, decode the code at the *centre* of each cell, and put each image where its cell is. `low` $= (x_1, y_1)$ is
# the rectangle's lower left corner, `high` $= (x_2, y_2)$ its upper right one. Write two functions.
#
# - `grid_codes(low, high, columns, rows)` gives the codes at the centres of the cells, shape `(rows * columns, 2)`,
#   in the order in which you read a page: the top row first, each row from left to right.
# - `mosaic(images, columns, rows)` takes images of shape `(rows * columns, 784)` in that order and gives one picture,
#   an array of shape `(28 * rows, 28 * columns)`. As in every picture, row 0 of the array is at the top.
#
# Mind the direction: code unit 1 grows to the right, code unit 2 grows *upwards*, but the rows of an array are
# counted downwards.
#
# <details><summary>Hint</summary>
#
# On paper, draw the rectangle from (0, 0) to (3, 2) with three columns and two rows. Its centres have the first
# coordinates 0.5, 1.5 and 2.5: half a cell's width from the edge, then a whole one each time. Number the cells in
# reading order. Which second coordinate does cell 0 have?
#
# For `mosaic`, `images.reshape(rows, columns, 28, 28)` has the axes (row of the grid, column of the grid, row of the
# image, column of the image). You need (row of the grid, row of the image, column of the grid, column of the image)
# before the last `reshape`. A plain `images.reshape(28 * rows, 28 * columns)` tears the images apart.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def grid_codes(low, high, columns, rows):
    """Codes at the centres of a rectangle's cells, top row first, shape (rows * columns, 2)."""
    ### BEGIN SOLUTION
    rightwards = low[0] + (np.arange(columns) + 0.5) * (high[0] - low[0]) / columns
    upwards = low[1] + (np.arange(rows) + 0.5) * (high[1] - low[1]) / rows
    return np.array([(first, second) for second in upwards[::-1] for first in rightwards])
    ### END SOLUTION


def mosaic(images, columns, rows):
    """One picture of all images in reading order, shape (28 * rows, 28 * columns)."""
    ### BEGIN SOLUTION
    cells = images.reshape(rows, columns, 28, 28)
    return cells.transpose(0, 2, 1, 3).reshape(28 * rows, 28 * columns)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-2-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(grid_codes(codes[0], codes[1], 3, 2), "Task 2, grid_codes") and started(
    mosaic(x_train[:6], 3, 2), "Task 2, mosaic"
):
    corner, opposite = np.array([10.0, 1.0]), np.array([16.0, 3.0])  # three columns and two rows: each cell is 2 by 1
    found = np.asarray(grid_codes(corner, opposite, 3, 2))
    assert found.shape == (6, 2), f"for 3 columns and 2 rows, grid_codes has shape {found.shape}; it needs (6, 2)"
    upright = np.array([[[x, y] for x in (11, 13, 15)] for y in (2.5, 1.5)])
    assert not np.allclose(found.reshape(2, 3, 2), upright[::-1]), (
        "your map is upside down: cell 0 is at the top left, where code unit 2 is largest"
    )
    for wrong in (upright, upright[::-1]):
        assert not np.allclose(found, wrong.swapaxes(0, 1).reshape(6, 2)), (
            "your grid runs column by column; reading order is row by row: the first coordinate changes fastest"
        )
        assert not np.allclose(found, wrong[..., ::-1].reshape(6, 2)), (
            "your coordinates are swapped: code unit 1, which grows to the right, comes first in each row"
        )
    assert not np.allclose(found[[0, -1], 0], [10, 16]), (
        "your codes reach the edges of the rectangle; they have to be the centres of the cells"
    )
    assert np.allclose(found, upright.reshape(6, 2)), (
        f"the centres are not right. Your first three are {found[:3].tolist()}"
    )

    six = x_train[:6]
    found = np.asarray(mosaic(six, 3, 2))
    assert found.shape == (56, 84), f"for 3 columns and 2 rows, the mosaic has shape {found.shape}; it needs (56, 84)"
    assert not np.allclose(found, six.reshape(56, 84)), (
        "a plain reshape cuts the images into strips: each has to stay whole, so the axes must change places first"
    )
    images = six.reshape(6, 28, 28)
    assert not np.allclose(found[:28, :28], images[0].T), "the images lie on their sides: do not transpose them"
    assert np.allclose(found[:28, :28], images[0]), "the top left 28 by 28 pixels are not image 0"
    assert not np.allclose(found[28:, :28], images[1]), "image 1 is below image 0; it has to be to the right of it"
    assert np.allclose(found[:28, 28:56], images[1]), "image 1 has to be to the right of image 0"
    assert np.allclose(found[28:, :28], images[3]), "image 3 begins the second row, with 3 columns; it is not there"
    assert np.allclose(found[28:, 56:], images[5]), "the last image has to be at the lower right"
    print("Task 2: the visible checks pass.")
### BEGIN HIDDEN TESTS
done = [grid_codes(codes[0], codes[1], 3, 2), mosaic(x_train[:6], 3, 2)]
assert all(value is not None for value in done), "Task 2 is not done: a function returns None"
for columns, rows, low, high in (
    (2, 5, (-3.0, -7.0), (1.0, 3.0)),
    (4, 4, (0.0, -1.0), (8.0, 1.0)),
    (1, 3, (5.0, 5.0), (6.0, 8.0)),
):
    shape = f"{columns} columns and {rows} rows"
    found = np.reshape(grid_codes(np.array(low), np.array(high), columns, rows), (rows, columns, 2))
    width, height = (high[0] - low[0]) / columns, (high[1] - low[1]) / rows
    for row in range(rows):
        for column in range(columns):
            centre = (low[0] + (column + 0.5) * width, high[1] - (row + 0.5) * height)
            assert np.allclose(found[row, column], centre), f"grid_codes: a centre is wrong with {shape}"
    images = np.random.default_rng(62).uniform(size=(rows * columns, 784)).astype("float32")
    picture = np.asarray(mosaic(images, columns, rows))
    assert picture.shape == (28 * rows, 28 * columns), f"mosaic: the shape is wrong with {shape}"
    for index, image in enumerate(images):
        top, left = 28 * (index // columns), 28 * (index % columns)
        assert np.allclose(picture[top : top + 28, left : left + 28], image.reshape(28, 28)), (
            f"mosaic: an image is not in its place with {shape}"
        )
### END HIDDEN TESTS

# %% [markdown]
# Here is your map beside the codes. Both panels show the same rectangle, from the 1st to the 99th percentile of each
# code unit. If a class lies in one place on the left and its images in another on the right, look at `grid_codes`
# again.


# %% mystnb={"image": {"alt": "Two panels over the same rectangle. Left: the codes as before. Right: the decoded grid. Trousers fill the left edge from the middle down, tops the upper left, greyer tops and bags the top right, shoes the lower right, flat ones outside and boots towards the middle. The lower left, where no code lies, shows clear trousers and high boots."}} nbgrader={"grade": false, "grade_id": "setup-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
def draw_map(columns=11, rows=12):
    low, high = np.percentile(codes, [1, 99], axis=0)
    centres = grid_codes(low, high, columns, rows)
    picture = None if centres is None else mosaic(predict(plane.decoder, centres), columns, rows)
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 5), dpi=110, layout="constrained", facecolor="white")
    plt.close(figure)
    plots.draw_codes(left, codes[:1500], y_validation[:1500], class_names=clothes.class_names)
    if picture is not None:
        right.imshow(picture, cmap="gray", vmin=0, vmax=1, extent=(low[0], high[0], low[1], high[1]), aspect="auto")
    for axes, title in ((left, "codes of validation images"), (right, "the same plane, decoded")):
        axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xlabel="code unit 1", ylabel="code unit 2")
        axes.set_title(title)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=9)
    return figure


draw_map()

# %% [markdown]
# ## Task 3: Which classes mix (3 marks)
#
# Write two functions in NumPy.
#
# - `mixing(codes, labels, k, classes)` gives a table of shape `(classes, classes)`. Its entry in row $a$ and column
#   $b$ answers: of the `k` nearest neighbours of the codes of class $a$, which share belongs to class $b$? Neighbours
#   are the *other* codes with the smallest Euclidean distance. A code is never its own neighbour, not even where
#   another code lies exactly on it. `labels`, shape `(n,)`, holds the classes, numbers from 0 to `classes - 1`, each
#   of which occurs. So each row of the table adds up to 1.
# - `most_mixed(table)` gives the pair `(a, b)` of *different* classes with $a < b$ that are most often each other's
#   neighbours: the one for which entry $(a, b)$ plus entry $(b, a)$ is largest.
#
# <details><summary>Hint</summary>
#
# Begin with the distances of all codes to all codes, an array of shape `(n, n)`, made as in Task 1. On its diagonal
# stands each code's distance to itself. What could you write there, so that it is never among the smallest?
# `np.argsort(distance, axis=1)[:, :k]` gives the indices of the neighbours, and `labels[...]` of these gives their
# classes. Then take the rows of one class $a$ at a time and count.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mixing(codes, labels, k, classes):
    """Shares of the classes (columns) among the k nearest other codes of each class (rows)."""
    ### BEGIN SOLUTION
    codes = codes.astype(np.float64)
    distance = sum((unit[:, None] - unit[None]) ** 2 for unit in codes.T)  # squared: the order is the same
    np.fill_diagonal(distance, np.inf)
    nearest = np.argpartition(distance, k - 1, axis=1)[:, :k]
    shown = labels[nearest]
    return np.array([[(shown[labels == a] == b).mean() for b in range(classes)] for a in range(classes)])
    ### END SOLUTION


def most_mixed(table):
    """The two classes (a, b), a < b, that are most often each other's neighbours."""
    ### BEGIN SOLUTION
    both_ways = np.triu(table + table.T, k=1)
    a, b = np.unravel_index(both_ways.argmax(), both_ways.shape)
    return int(a), int(b)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-3-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(mixing(codes[:500], y_validation[:500], 5, 10), "Task 3, mixing") and started(
    most_mixed(np.full((10, 10), 0.1)), "Task 3, most_mixed"
):
    places, kinds = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [7.0, 0.0]]), np.array([0, 0, 1, 1])
    found = np.asarray(mixing(places, kinds, 1, 2))
    assert found.shape == (2, 2), f"with two classes the table has shape {found.shape}; it needs (2, 2)"
    expected = np.array([[1, 0], [0.5, 0.5]])
    for mistake, why in (
        (np.eye(2), "your codes are their own nearest neighbours: leave each code out of its own list"),
        (expected.T, "your table is transposed: rows are for the class of the code, columns for its neighbours'"),
        ([[2 / 3, 0], [1 / 3, 1]], "your columns add up to 1; the rows have to"),
        (
            [[0.5, 0], [0.25, 0.25]],
            "you divided by all neighbours; divide each row by the neighbours of that class's codes",
        ),
        ([[2, 0], [1, 1]], "you counted neighbours; the table holds shares"),
        ([[0, 1], [0.5, 0.5]], "you took the farthest codes; neighbours are the nearest"),
    ):
        assert not np.allclose(found, mistake), why
    assert np.allclose(found, expected), (
        f"for four codes on a line the table is {expected.tolist()}, not {found.tolist()}"
    )
    slanted = np.asarray(mixing(np.array([[0.0, 0.0], [3.0, 3.0], [5.5, 0.0]]), np.array([0, 1, 2]), 1, 3))
    assert np.allclose(slanted[0], [0, 1, 0]), (
        "(3, 3) is nearer to (0, 0) than (5.5, 0) is: take the root of the summed squares, not the sum of the differences"
    )
    some, kinds = codes[:1000], y_validation[:1000]
    found = np.asarray(mixing(some, kinds, 25, 10))
    assert np.allclose(found.sum(axis=1), 1), f"with k=25 your rows add up to {found.sum(axis=1).round(3)}, not to 1"
    own, agreement = found.diagonal()[kinds].mean(), metrics.neighbour_agreement(some, kinds, n_neighbors=25)
    assert abs(own - agreement) < 0.002, (
        f"by your table {own:.3f} of 25 neighbours share a code's class, by aelib {agreement:.3f}: "
        "are they the 25 nearest by Euclidean distance?"
    )

    shares = np.array([[0.5, 0.5, 0.0], [0.0, 0.6, 0.4], [0.1, 0.3, 0.6]])
    found = tuple(most_mixed(shares))
    assert len(found) == 2, f"most_mixed gives {found}; it needs two classes"
    assert found[0] != found[1], f"most_mixed gives {found}; the two classes have to differ: leave the diagonal out"
    assert found != (0, 1), "you took the largest entry; for a pair, both entries count: (a, b) and (b, a)"
    assert found != (2, 1), "the smaller class comes first: a < b"
    assert found == (1, 2), f"most_mixed gives {found} for this table; (1, 2) have the largest sum, 0.4 + 0.3"
    print("Task 3: the visible checks pass.")
### BEGIN HIDDEN TESTS
done = [mixing(codes[:500], y_validation[:500], 5, 10), most_mixed(np.full((10, 10), 0.1))]
assert all(value is not None for value in done), "Task 3 is not done: a function returns None"
places = np.array([[0.0, 0.0]] * 3 + [[50.0, 0.0]] * 3)
found = mixing(places, np.array([0, 0, 1, 2, 2, 2]), 2, 3)
assert np.allclose(found, [[0.5, 0.5, 0], [1, 0, 0], [0, 0, 1]]), (
    "mixing is wrong where codes lie exactly on one another: is the code you leave out always the code itself?"
)
rng = np.random.default_rng(63)
for n, k, classes in ((40, 1, 2), (90, 7, 4)):
    places, kinds = rng.normal(size=(n, 2)), np.minimum(rng.geometric(0.4, n) - 1, classes - 1)
    kinds[:classes] = np.arange(classes)
    expected = np.zeros((classes, classes))
    for index, place in enumerate(places):
        others = [other for other in range(n) if other != index]
        others.sort(key=lambda other: np.hypot(*(places[other] - place)))
        for other in others[:k]:
            expected[kinds[index], kinds[other]] += 1
    expected /= expected.sum(axis=1, keepdims=True)
    found = mixing(places, kinds, k, classes)
    assert np.shape(found) == expected.shape, f"mixing: the table needs shape {expected.shape} for {classes} classes"
    assert np.allclose(found, expected), (
        f"mixing is wrong for {n} codes of {classes} classes that differ in size, k={k}"
    )
table = np.array([[0.7, 0.1, 0.1, 0.1], [0.0, 0.6, 0.2, 0.2], [0.3, 0.0, 0.7, 0.0], [0.5, 0.1, 0.1, 0.3]])
assert tuple(most_mixed(table)) == (0, 3), "most_mixed is wrong for a table of four classes"
assert tuple(most_mixed(np.array([[0.9, 0.1], [0.4, 0.6]]))) == (0, 1), "most_mixed is wrong for a table of two classes"
### END HIDDEN TESTS

# %% [markdown]
# Your table for the plane of clothes, with 20 neighbours:


# %% mystnb={"image": {"alt": "A table of ten by ten coloured cells: the class of a code down the side, the class of its neighbours along the bottom. The diagonal is brightest for ankle boots, then sandals, trousers, sneakers and bags. For pullovers, coats and shirts it is hardly brighter than the cells that join these three, and shirts have as many pullovers as shirts around them. Trousers and dresses, and sandals and sneakers, share some neighbours too."}} nbgrader={"grade": false, "grade_id": "setup-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
def draw_table():
    table = mixing(codes, y_validation, 20, 10)
    if table is None:
        return None
    figure = plots.heatmap(
        table,
        row_labels=clothes.class_names,
        column_labels=clothes.class_names,
        title=f"Classes among the 20 nearest codes; most mixed: {most_mixed(table)}",
        xlabel="class of the neighbours",
        ylabel="class of the code",
        number_format="{:.2f}",
        colour_label="share of the neighbours",
    )
    figure.axes[0].tick_params(axis="x", labelrotation=40)
    return figure


draw_table()

# %% [markdown]
# ## Question 1: Reading the plane (3 marks)
#
# Look at the codes, your map (Task 2) and your table (Task 3). Answer in five to eight sentences.
#
# 1. Which class keeps most to itself, and which three classes share one region? Support both answers with a number from
#    the table, and say what the three classes have in common *as images*.
# 2. What does the decoder draw in the region that the three share, and why can it not do better there?
# 3. Name a place on the map, by its two coordinates, where the decoder draws a clear image although no code is near.
#    Why must you not conclude that the data hold clothes like that?
#
# If Task 2 is not done, a new cell with `plots.plane_and_grid(lambda z: predict(plane.decoder, z), codes, y_validation,
# class_names=clothes.class_names, title="")` draws both panels (it speaks of test images; yours are validation
# images). If Task 3 is not done, estimate the shares from the picture.

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-1", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** Ankle boots keep most to themselves: about 0.83 of their 20 nearest codes are ankle boots.
# Pullovers, coats and shirts share the region at the top: of a pullover's neighbours about 0.34 are pullovers, 0.27
# coats and 0.22 shirts, and shirts have about as many pullovers as shirts around them. As images all three are broad
# tops with long sleeves; what tells them apart, a collar, buttons, an opening, takes few pixels, so that it counts
# little in the loss. In that region the decoder draws one grey, blurred top with sleeves and no details. It gets
# nearly the same code for different images and can give only one answer to it; the answer with the least mean loss is
# the mean of these images, pixel by pixel. At about (−55, −27), for example, the map shows clear trousers, although
# no code is near. The decoder is crisp there because its sigmoids saturate far out, where nothing in training asked
# for another answer. Crispness says that the decoder's inputs are large, not that such images occur; for that you
# have to ask the codes.
#
# **Rubric.** Numbers may differ by some hundredths. Any three classes that the student's table supports are right.
#
# - 1 mark for ankle boots and for pullovers, coats and shirts, with a number for each and a reason in the images (the
#   same outline). Half of it if the reason or the numbers are missing.
# - 1 mark for the blur *and* its reason: different images with one code, whose mean is the best single answer. Half
#   of it for "blurred" alone.
# - 1 mark for a place that is empty on the left and clear on the right, and for the reason that the decoder answers
#   everywhere and is sure far out, whether or not data are there. Half a mark for each.
# ### END SOLUTION

# %% [markdown]
# ## Task 4: Other axes, the same reconstructions (3 marks)
#
# Chapter 6 turned the plane by a rotation. Now change it by any *affine map*: a code $z$ becomes
#
# $$ z' = z A + b, \tag{Ex6.1} $$
#
# where $A$ is a matrix of shape `(2, 2)` that has an inverse, and $b$ a shift of shape `(2,)`. The decoder's first
# layer computes $\mathrm{ReLU}(z W + c)$ with weights $W$, shape `(2, h)`, and biases $c$, shape `(h,)`. Write two
# functions.
#
# - `fold(A, b, W, c)` gives the pair of new weights and new biases, $(W', c')$, in the shapes of $W$ and $c$, with
#   which the decoder does for the new codes what it did for the old ones:
#
# $$ z' W' + c' = z W + c \quad \text{for every code } z. \tag{Ex6.2} $$
#
# - `whitening(codes)` gives a pair $(A, b)$ for which the new codes `codes @ A + b` have mean 0, variance 1 in each
#   unit, and no correlation between the two: their covariance matrix, `np.cov(..., rowvar=False)`, is the identity.
#   More than one $A$ does that. Any of them is right.
#
# <details><summary>Hint</summary>
#
# For `fold`, solve (Ex6.1) for $z$ and put it into $zW + c$. What multiplies $z'$ is $W'$; everything else is $c'$.
# For a rotation $A^{-1} = A^\top$; in general the two differ.
#
# For `whitening`, the covariance matrix of `codes @ A` is $A^\top C A$, where $C$ is that of `codes`. With the
# eigenvectors of $C$ as the columns of $Q$ and its eigenvalues on the diagonal of $D$ (`np.linalg.eigh`),
# $C = Q D Q^\top$. Which $A$ turns that into the identity? Choose $b$ last: it depends on $A$.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def fold(A, b, W, c):
    """New weights and biases of the decoder's first layer, for codes changed to z A + b."""
    ### BEGIN SOLUTION
    weights = np.linalg.inv(A) @ W
    return weights, c - b @ weights
    ### END SOLUTION


def whitening(codes):
    """A matrix A and a shift b for which codes @ A + b have mean 0 and the identity as covariance."""
    ### BEGIN SOLUTION
    variances, directions = np.linalg.eigh(np.cov(codes, rowvar=False))
    A = directions / np.sqrt(variances)
    return A, -codes.mean(axis=0) @ A
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-4-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(fold(np.eye(2), np.zeros(2), np.ones((2, 3)), np.zeros(3)), "Task 4, fold") and started(
    whitening(codes), "Task 4, whitening"
):
    A, b = np.array([[2.0, 1.0], [0.0, 0.5]]), np.array([3.0, -1.0])
    W, c = np.array([[1.0, -1.0, 2.0], [0.5, 3.0, 0.0]]), np.array([0.1, 0.2, 0.3])
    z = np.array([[0.0, 0.0], [1.0, 0.0], [-2.0, 5.0]])
    W_new, c_new = (np.asarray(part) for part in fold(A, b, W, c))
    assert W_new.shape == (2, 3), f"the new weights have shape {W_new.shape}; they need that of W, {W.shape}"
    assert c_new.shape == (3,), f"the new biases have shape {c_new.shape}; they need that of c, {c.shape}"
    assert not np.allclose(W_new, A @ W), "you applied A once more; W' has to undo it"
    assert not np.allclose(W_new, A.T @ W), "the transpose undoes a rotation only; A is any matrix that has an inverse"
    new, old = (z @ A + b) @ W_new + c_new, z @ W + c
    assert np.allclose(np.diff(new, axis=0), np.diff(old, axis=0)), "the new weights are not right: solve (Ex6.1) for z"
    assert not np.allclose(c_new, c), "the weights are right, but the shift b is not undone: change the biases"
    assert not np.allclose(new, old + 2 * b @ W_new), "the shift has to be taken away, not added: mind the sign in c'"
    assert np.allclose(new, old), "the weights are right, the biases are not: which term of (Ex6.2) does not hold z'?"

    A, b = (np.asarray(part) for part in whitening(codes))
    assert A.shape == (2, 2) and b.shape == (2,), f"A and b have shapes {A.shape} and {b.shape}; not (2, 2) and (2,)"
    white = codes @ A + b
    covariance = np.cov(white, rowvar=False)
    variance, correlation = covariance.diagonal(), np.corrcoef(white, rowvar=False)[0, 1]
    assert abs(correlation) < 0.01, (
        f"the new units have a correlation of {correlation:.3f}; it has to be 0: scaling each unit alone is not enough"
    )
    assert np.allclose(variance, 1, atol=0.01), (
        f"the new units have variances {variance.round(3)}, not 1: a standard deviation is the root of a variance"
    )
    assert np.allclose(white.mean(axis=0), 0, atol=0.01), (
        f"the new codes have mean {white.mean(axis=0).round(3)}, not 0: b is added after A, so A moves the mean, too"
    )
    print("Task 4: the visible checks pass.")
### BEGIN HIDDEN TESTS
done = [fold(np.eye(2), np.zeros(2), np.ones((2, 3)), np.zeros(3)), whitening(codes)]
assert all(value is not None for value in done), "Task 4 is not done: a function returns None"
rng = np.random.default_rng(64)
for h in (1, 6):
    A, b, W, c = rng.normal(size=(2, 2)), rng.normal(size=2), rng.normal(size=(2, h)), rng.normal(size=h)
    z = rng.normal(size=(20, 2))
    W_new, c_new = fold(A, b, W, c)
    assert np.shape(W_new) == (2, h) and np.shape(c_new) == (h,), f"fold: the shapes are wrong for a layer of {h} units"
    assert np.allclose((z @ A + b) @ W_new + c_new, z @ W + c), f"fold: (Ex6.2) does not hold for a layer of {h} units"
places = rng.normal(size=(300, 2)) @ np.array([[5.0, 1.0], [2.0, 0.3]]) + [40.0, -7.0]
A, b = whitening(places)
white = places @ A + b
assert np.allclose(white.mean(axis=0), 0, atol=0.01), "whitening: the mean is not 0 for codes far from the origin"
assert np.allclose(np.cov(white, rowvar=False), np.eye(2), atol=0.01), "whitening: the covariance is not the identity"
### END HIDDEN TESTS

# %% [markdown]
# With your two functions the next cell builds a second network, `white_plane`. Its encoder gives the whitened codes,
# its decoder has your folded weights. The table compares the two networks; its last row divides the distance from the
# mean code of the trousers to that of the bags by the distance from the mean code of the ankle boots to that of the
# bags.


# %% nbgrader={"grade": false, "grade_id": "setup-4", "locked": true, "schema_version": 3, "solution": false, "task": false}
def whitened_plane():
    """The network with whitened codes, None until Task 4 is done."""
    one, zero = np.eye(2), np.zeros(2)
    if whitening(codes) is None or fold(one, zero, one, zero) is None:
        return None
    A, b = whitening(codes)
    network = models.dense_autoencoder(latent_dim=2, code_activation="linear")
    *hidden, to_code, code_bias = plane.encoder.get_weights()
    network.encoder.set_weights([*hidden, to_code @ A, code_bias @ A + b])
    from_code, first_bias, *rest = plane.decoder.get_weights()
    network.decoder.set_weights([*fold(A, b, from_code, first_bias), *rest])
    return network


def describe(network):
    units = predict(network.encoder, x_validation)
    bag, trousers, boots = (units[y_validation == number].mean(axis=0) for number in (8, 1, 9))
    return {
        "validation MSE": metrics.mean_squared_error(x_validation, predict(network, x_validation)).mean(),
        "neighbour agreement": metrics.neighbour_agreement(units, y_validation),
        "trousers to bags / boots to bags": np.linalg.norm(trousers - bag) / np.linalg.norm(boots - bag),
    }


networks = {"as trained": plane}
white_plane = whitened_plane()
if white_plane is not None:
    networks["whitened"] = white_plane
pd.DataFrame({name: describe(network) for name, network in networks.items()}).round(4)

# %% [markdown]
# Both planes, and images decoded half-way between the trouser of Task 1 and ten other validation images:

# %% mystnb={"image": {"alt": "Two panels. As trained: trousers in a long arm to the lower left, shoes in two shorter arms downwards, tops and bags together at the top. Whitened: the same arms, turned, and now of about equal length."}} nbgrader={"grade": false, "grade_id": "setup-4-planes", "locked": true, "schema_version": 3, "solution": false, "task": false}
plots.latent_planes(
    {name: predict(network.encoder, x_validation) for name, network in networks.items()},
    y_validation,
    class_names=clothes.class_names,
    title="One network, two planes",
    points=1000,
)


# %% mystnb={"image": {"alt": "Two rows of ten decoded images, trousers, tops and one mixture of trouser and boot. The two rows are the same."}} nbgrader={"grade": false, "grade_id": "setup-4-images", "locked": true, "schema_version": 3, "solution": false, "task": false}
def half_way(network):
    units = predict(network.encoder, x_validation)
    return predict(network.decoder, (units[trouser] + units[:10]) / 2)


plots.image_rows({name: half_way(network) for name, network in networks.items()}, title="Half-way, decoded")

# %% [markdown]
# ## Question 2: What may you measure in a plane? (3 marks)
#
# Read the table and the two figures above. If Task 4 is not done, answer by argument alone. Write four to eight
# sentences.
#
# 1. Which row of the table stays as it was, and why are the images half-way the same, too? Argue for *every* affine
#    map with an invertible $A$, not for this one only. (What is half-way between $z_1 A + b$ and $z_2 A + b$?)
# 2. Which rows change, and which step in computing them depends on the axes?
# 3. Looking at the plane as trained, a fellow student writes: "The trousers lie about twice as far from the bags as
#    the ankle boots do. So to the network a trouser is half as similar to a bag as an ankle boot is." What do you
#    reply, and what would you measure in place of that?

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-2", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** The error stays, for the folded decoder computes from $z' = zA + b$ what the old one computed from
# $z$, so every reconstruction is the same. Half-way between $z_1 A + b$ and $z_2 A + b$ lies $\tfrac12 (z_1 + z_2) A +
# b$, which is the new code of the point half-way between $z_1$ and $z_2$; so the folded decoder draws the same image
# there. The same goes for every share of the way: an affine map takes straight paths to straight paths. The neighbour
# agreement and the ratio of distances change. Both compute Euclidean distances between codes, and $A$ stretches some
# directions more than others, so another code may become the nearest, and one distance may grow while another shrinks.
# (The agreement changes by little here, the ratio by much: from about 2.1 to about 1.2.) To the fellow student: both
# planes belong to one and the same network as far as images go, and the loss prefers neither. A number that depends on
# which of them is drawn says nothing about what the network finds similar. Better measure something that does not
# depend on the axes, such as the distance between reconstructions (or images) in pixels. Or train several seeds and
# keep only what they agree on, such as which classes are most often neighbours: that does depend on the axes, but each
# run draws its own.
#
# **Rubric.**
#
# - 1 mark for "the error" with its reason (the decoder undoes the map), and for half-way points going to half-way
#   points. Half a mark for each.
# - 1 mark for the two rows that change, and for Euclidean distances in the plane, whose ratios $A$ does not keep
#   (unless it is a rotation, a reflection, or one of these with a factor for all directions alike). Half a mark for the
#   rows, half for the distances.
# - 1 mark for a reply that says that the ratio depends on an arbitrary choice of axes, and for a better measure:
#   distances between decoded images or pixels, which no change of axes alters; or what several seeds agree on. Half a
#   mark for each.
# ### END SOLUTION

# %% [markdown]
# ## Task 5: A better plane (3 marks)
#
# Build and train an autoencoder `my_plane` with a code of *two* units. On the validation images,
#
# - the neighbour agreement of its codes (ten neighbours, `metrics.neighbour_agreement`) has to be at least **0.11
#   above** that of the first two principal components (PCA);
# - the mean squared error of its reconstructions has to be smaller than PCA's;
# - neither code unit may be the same number for all images.
#
# These are the [neighbour agreement](../../../chapters/glossary.md#neighbour-agreement) and the
# [PCA](../../../chapters/glossary.md#pca) of chapter 6. The cell below prints where PCA and the plane so far stand.
# Learn from `x_train` alone, and without labels: what the plane knows of classes has to come from the images.
# `my_plane` has to be an `aelib.models.Autoencoder`, made by `models.dense_autoencoder` or by you from two Keras
# models with ordinary layers. Your cell should take no more than about half a minute; when your work is graded, it is
# stopped after two minutes. The hidden check measures the same on test images, where 0.10 is enough.

# %% nbgrader={"grade": false, "grade_id": "setup-5", "locked": true, "schema_version": 3, "solution": false, "task": false}
pca = baselines.PCACodec(2).fit(x_train)


def judge(encoded, rebuilt, x, y):
    """Neighbour agreement of the codes and mean squared error of the reconstructions of `x`."""
    return metrics.neighbour_agreement(encoded, y), metrics.mean_squared_error(x, rebuilt).mean()


pca_agreement, pca_error = judge(pca.encode(x_validation), pca.reconstruct(x_validation), x_validation, y_validation)
agreement_so_far, error_so_far = judge(codes, predict(plane, x_validation), x_validation, y_validation)
print(f"PCA, 2 components: neighbour agreement {pca_agreement:.3f}, MSE {pca_error:.4f}")
print(f"the plane so far:  neighbour agreement {agreement_so_far:.3f}, MSE {error_so_far:.4f}")
print(f"your plane:        neighbour agreement at least {pca_agreement + 0.11:.3f}, MSE below {pca_error:.4f}")

# %% [markdown]
# <details><summary>Hint</summary>
#
# `models.dense_autoencoder` and `training.fit` have all the parameters you need; `help(models.dense_autoencoder)`
# lists them. Which activation at the code did better in chapter 6? Two things to vary next are the number of epochs
# and the hidden layers: between 784 pixels and 2 numbers there is room for more than one. Change one thing at a time,
# and look at what the check prints after each try. If a try is better by a hundredth only, see whether it still is
# with another seed.
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "task-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
my_plane = None
### BEGIN SOLUTION
my_plane = models.dense_autoencoder(latent_dim=2, hidden=(256, 128), code_activation="linear", seed=0)
history = training.fit(my_plane, x_train, epochs=12, batch_size=250, seed=0)
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "task-5-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(my_plane, "Task 5"):
    assert hasattr(my_plane, "encoder") and hasattr(my_plane, "decoder"), (
        f"my_plane is a {type(my_plane).__name__} without the two halves .encoder and .decoder; "
        "it has to be the whole autoencoder (training.fit gives the history, not the model)"
    )
    found = predict(my_plane.encoder, x_validation)
    assert found.shape[1:] == (2,), f"your codes have shape {found.shape}; a plane needs (n, 2): latent_dim=2"
    assert (np.ptp(found, axis=0) > 0).all(), (
        "one of your code units is the same for all images: your plane is a line. Is it a dead ReLU unit (chapter 6)?"
    )
    agreement, error = judge(found, predict(my_plane, x_validation), x_validation, y_validation)
    print(f"your plane: neighbour agreement {agreement:.3f}, MSE {error:.4f}")
    assert error < pca_error, f"your MSE is {error:.4f}, PCA's {pca_error:.4f}: is my_plane the model you have trained?"
    assert agreement >= pca_agreement + 0.11, (
        f"your neighbour agreement is {agreement:.3f}; it has to be at least {pca_agreement + 0.11:.3f}, "
        f"0.11 above PCA's {pca_agreement:.3f}. The hint says what to vary"
    )
    print("Task 5: the visible checks pass.")
### BEGIN HIDDEN TESTS
assert my_plane is not None, "Task 5 is not done: my_plane is None"
x_other, y_other = clothes.x_test[:4000], clothes.y_test[:4000]
found = predict(my_plane.encoder, x_other)
assert found.shape == (4000, 2), "a code needs two numbers"
agreement, error = judge(found, predict(my_plane, x_other), x_other, y_other)
target, target_error = judge(pca.encode(x_other), pca.reconstruct(x_other), x_other, y_other)
assert error < target_error, f"on test images your MSE is {error:.4f}, PCA's {target_error:.4f}"
assert agreement >= target + 0.10, (
    f"on test images your neighbour agreement is {agreement:.3f}, PCA's {target:.3f}: less than 0.10 apart"
)
### END HIDDEN TESTS

# %% [markdown]
# Before you hand in: *Kernel → Restart Kernel and Run All Cells*, and see that every check passes.
