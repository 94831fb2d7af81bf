# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercise sheet 3: The dense autoencoder
#
# This sheet follows [chapter 3](../../../chapters/03_dense_autoencoder.ipynb). There you met one dense autoencoder and
# looked at it from many sides. Here you build others to order, decide when their training should end, beat PCA at
# equal code size, and find out which images are no digits.
#
# Time: about 90 minutes. Marks: 20, of which the checks give 15, and a person gives 5 for the two questions.
#
# | task | what you practise | marks |
# | --- | --- | ---: |
# | Task 1: Count the parameters | layer sizes, weights and biases | 2 |
# | Task 2: Build to order | Keras models as halves that work apart | 3 |
# | Task 3: When to stop | validation losses and patience | 3 |
# | Question 1: Two learning curves | telling overfitting from unfinished learning | 3 |
# | Task 4: Beat PCA | choosing a model on validation images | 3 |
# | Question 2: The hardest digit | what an error is compared with | 2 |
# | Task 5: No digits | a score and a threshold that find strangers | 4 |
#
# **How to work.** Write only in the cells marked "Your code here" or "Your answer here", and leave all other cells as
# they are. Run the cell below your code to check it: a check that fails says what is wrong and where to look. Before
# you hand in, choose *Kernel → Restart Kernel and Run All Cells* and see that nothing fails. Grading runs the same
# checks again, and hidden ones that test the same requirements on other data. A task gives all its marks or none.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
from aelib import baselines, data, metrics, models, plots, training
from aelib.exercises import started

import keras
import numpy as np
import pandas as pd
from keras import layers

SEED = 3
mnist = data.load_mnist()
split = mnist.validation_split(10_000, seed=SEED)
# A third of the training images: enough for this sheet, and quick to train on.
x_train, y_train = split.x_train[:20_000], split.y_train[:20_000]
x_validation, y_validation = split.x_validation, split.y_validation


def rebuild(model, x):
    """Give the model's reconstructions of all images, as an array."""
    return model.predict(x, batch_size=1000, verbose=0)


# %% [markdown]
# ## Task 1: Count the parameters (2 marks)
#
# In this sheet two lists of layer sizes describe a dense autoencoder, one list for each half. A list begins with how
# many numbers the half takes in and ends with how many it gives out; between them stand the sizes of its hidden layers.
# The chapter's model is `[784, 128, 64]` and `[64, 128, 784]`. The halves need not mirror each other:
# `[784, 300, 100, 20]` and `[20, 784]` are an autoencoder, too.
#
# Write `count_parameters(encoder_sizes, decoder_sizes)`. It returns a pair of integers: the number of parameters,
# weights and biases together, in the encoder and in the decoder. Every layer is dense and has biases. Each list holds
# at least two sizes, and may hold any number of them.
#
# <details><summary>Hint</summary>
#
# Work out the chapter's encoder on paper, layer by layer; its two halves together have 218,192 parameters. How many
# layers has a list of $k$ sizes? In Python, `zip(sizes, sizes[1:])` goes through all pairs of neighbours in a list.
# Both halves are counted in the same way, so let one helper function count a half.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def count_parameters(encoder_sizes, decoder_sizes):
    """Return the number of parameters of the encoder and of the decoder."""
    ### BEGIN SOLUTION
    encoder, decoder = (
        sum((inputs + 1) * units for inputs, units in zip(sizes, sizes[1:])) for sizes in (encoder_sizes, decoder_sizes)
    )
    return encoder, decoder
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-1-tests", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
if started(count_parameters([3, 2], [2, 3]), "Task 1"):
    tiny = count_parameters([3, 2], [2, 3])
    assert np.shape(tiny) == (2,), (
        f"you return {tiny}; return a pair of numbers: first the encoder's, then the decoder's"
    )
    tiny = tuple(map(int, tiny))
    assert tiny != (6, 6), "[3, 2] gives 6: these are the weights alone. Each unit of a layer also has a bias"
    assert tiny != (9, 8), (
        "you return (9, 8): either the decoder's number comes first, or your biases are those of the inputs; a layer "
        "from 3 numbers to 2 units has 2 biases, not 3"
    )
    assert tiny != (8, 8), "[2, 3] gives 8, as [3, 2] does; its layer has 3 units, and so 3 biases"
    assert tiny == (8, 9), (
        f"[3, 2] and [2, 3] give {tiny}; a layer from 3 numbers to 2 units has 6 weights and 2 biases"
    )

    chapter = tuple(map(int, count_parameters([784, 128, 64], [64, 128, 784])))
    assert chapter[1] != chapter[0], "both halves of the chapter's model get the same number; do their biases agree?"
    assert sum(chapter) == 218_192, f"the chapter's model gets {chapter}, together {sum(chapter)}, not 218192"
    lopsided = tuple(map(int, count_parameters([784, 300, 100, 20], [20, 784])))
    assert lopsided == (267_620, 16_464), (
        f"[784, 300, 100, 20] and [20, 784] give {lopsided}, which is not right; do you go through *all* neighbours "
        "in a list, and through each half's own list?"
    )
    print("Task 1: the visible checks pass.")
### BEGIN HIDDEN TESTS
for hidden_sizes, hidden_count in {
    ((100, 50, 20, 10), (10, 5, 100)): (6280, 655),
    ((7, 9), (9, 7)): (72, 70),
    ((64, 40, 30, 20, 10, 3), (3, 12, 64)): (4693, 880),
}.items():
    counted = count_parameters(*map(list, hidden_sizes))
    assert counted is not None, "Task 1: count_parameters returns nothing"
    assert np.shape(counted) == (2,), "Task 1: count_parameters has to return two numbers for any two lists of sizes"
    assert tuple(map(int, counted)) == hidden_count, (
        "Task 1: the number of parameters is wrong for some lists of sizes; try lists of different lengths, and a code "
        "that is larger than the image"
    )
### END HIDDEN TESTS

# %% [markdown]
# ## Task 2: Build to order (3 marks)
#
# Write `build_autoencoder(encoder_sizes, decoder_sizes)`, which takes the two lists of Task 1 and returns an untrained
# autoencoder with dense layers of these sizes.
#
# - Every hidden layer, in either half, uses ReLU.
# - The code layer, the encoder's last, has *no* activation function. The chapter's code could not be negative; this one
#   can.
# - The output layer, the decoder's last, uses the sigmoid.
# - Each half is a Keras model of its own. Return `models.Autoencoder(encoder, decoder)`: it joins the halves into one
#   model, and keeps them as `.encoder` and `.decoder`.
#
# Either list may hold only two sizes: then that half has no hidden layer. (`models.dense_autoencoder` is no help here.
# Its halves always mirror each other.)
#
# <details><summary>Hint</summary>
#
# Build an encoder for `[784, 96, 12]` first, as the chapter does: an input, a hidden layer, the code. Then ask which of
# these lines depends on the sizes, and which one has to be repeated for more hidden layers. `sizes[0]` is the input,
# `sizes[1:-1]` are the hidden layers, `sizes[-1]` is the last layer. The decoder begins with a `keras.Input` of its
# own: otherwise it cannot be used apart.
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "setup-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
RELU, NOTHING, SIGMOID = (lambda a: np.maximum(a, 0)), (lambda a: a), (lambda a: 1 / (1 + np.exp(-a)))


def check_half(name, half, sizes, last):
    """Check one half: its layers' sizes, then what it computes from random weights."""
    shapes = [tuple(weights.shape) for weights in half.get_weights()]
    wanted = [shape for inputs, units in zip(sizes, sizes[1:]) for shape in ((inputs, units), (units,))]
    assert [shape for shape in shapes if len(shape) == 2] == wanted[::2], (
        f"the {name} for {sizes} has weights of the shapes {shapes}; expected {wanted}. Check its input, its hidden "
        "layers and their order, and that they come from this half's own list"
    )
    assert shapes == wanted, (
        f"the {name} for {sizes} has weights of the shapes {shapes}; expected {wanted}, with biases"
    )
    rng = np.random.default_rng(len(sizes))
    numbers = [rng.normal(size=shape) * (2 / shape[0]) ** 0.5 for shape in shapes]
    half.set_weights(numbers)
    x = rng.random((200, sizes[0]))
    given = keras.ops.convert_to_numpy(half(x.astype(np.float32)))

    wish = "the sigmoid" if last is SIGMOID else "no activation function"

    def by_hand(activation, last):
        values = x
        for step, (weights, biases) in enumerate(zip(numbers[::2], numbers[1::2]), 1):
            values = (activation if step < len(sizes) - 1 else last)(values @ weights + biases)
        return values

    for hidden, end, mistake in (
        (NOTHING, last, "its hidden layers have no activation function, and should have ReLU"),
        (SIGMOID, last, "its hidden layers use the sigmoid, and should have ReLU"),
        (RELU, RELU, f"its last layer uses ReLU, and should have {wish}"),
        (RELU, SIGMOID, f"its last layer uses the sigmoid, and should have {wish}"),
        (RELU, NOTHING, f"its last layer has no activation function, and should have {wish}"),
    ):
        wrong = end is not last or (hidden is not RELU and len(sizes) > 2)
        assert not (wrong and np.allclose(given, by_hand(hidden, end), atol=1e-4)), f"the {name} for {sizes}: {mistake}"
    assert np.allclose(given, by_hand(RELU, last), atol=1e-4), (
        f"the {name} for {sizes} does not compute what it should: ReLU in its hidden layers, and {wish} in its last"
    )


def check_order(model, encoder_sizes, decoder_sizes):
    """Check both halves of an autoencoder against the order that was given."""
    assert isinstance(model, models.Autoencoder), (
        f"you return an object of the type {type(model).__name__}; return models.Autoencoder(encoder, decoder)"
    )
    check_half("encoder", model.encoder, encoder_sizes, NOTHING)
    check_half("decoder", model.decoder, decoder_sizes, SIGMOID)


# %% nbgrader={"grade": false, "grade_id": "task-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def build_autoencoder(encoder_sizes, decoder_sizes):
    """Return an untrained dense autoencoder, with a linear code and halves of the given sizes."""

    ### BEGIN SOLUTION
    def half(sizes, last_activation, name):
        first = values = keras.Input(shape=(sizes[0],))
        for units in sizes[1:-1]:
            values = layers.Dense(units, activation="relu")(values)
        return keras.Model(first, layers.Dense(sizes[-1], activation=last_activation)(values), name=name)

    return models.Autoencoder(half(encoder_sizes, "linear", "encoder"), half(decoder_sizes, "sigmoid", "decoder"))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-2-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(build_autoencoder([784, 96, 12], [12, 96, 784]), "Task 2"):
    for sizes in (([784, 96, 12], [12, 96, 784]), ([784, 96, 48, 12], [12, 64, 784]), ([784, 8], [8, 32, 784])):
        check_order(build_autoencoder(*sizes), *sizes)
    print("Task 2: the visible checks pass.")
### BEGIN HIDDEN TESTS
for hidden_sizes in (([30, 20, 15, 10, 4], [4, 30]), ([784, 5], [5, 784]), ([50, 60, 70], [70, 20, 40, 30, 50])):
    hidden_model = build_autoencoder(*hidden_sizes)
    assert hidden_model is not None, "Task 2: build_autoencoder returns nothing"
    check_order(hidden_model, *hidden_sizes)
### END HIDDEN TESTS

# %% [markdown]
# ## Task 3: When to stop (3 marks)
#
# How many epochs should you train for? A common rule is called *patience*. Measure the validation loss after every
# epoch. Stop as soon as `patience` epochs in a row have failed to bring it below its least value so far. Then go back
# to the weights of the best epoch. The epochs that would have followed are never run, and nobody knows what they would
# have brought.
#
# Write `stop_early(validation_losses, patience)`. `validation_losses` is a list or a one-dimensional NumPy array (your
# function must take both; an array has no method `index`) with the loss after epoch 1, 2, 3 and so on; `patience` is an
# integer of at least 1. Return a pair of integers `(kept, trained)`:
#
# - `trained`: the number of epochs that are run before the rule stops the training; all of them if it never does.
# - `kept`: the epoch with the least validation loss among those that are run. Epochs count from 1.
#
# A loss *equal* to the least so far is no improvement. An example with a patience of 2:
#
# | epoch | 1 | 2 | 3 | 4 | 5 | 6 | 7 |
# | --- | --- | --- | --- | --- | --- | --- | --- |
# | validation loss | 0.50 | 0.40 | 0.45 | 0.38 | 0.39 | 0.41 | 0.30 |
#
# Epoch 3 fails to improve on epoch 2, but epoch 4 does improve on it. Epochs 5 and 6 both fail, so training stops
# there, and 0.30 is never seen: the result is `(4, 6)`.
#
# <details><summary>Hint</summary>
#
# Go through the losses in a loop, one by one, as they would appear during training. Two numbers are enough to remember:
# the least loss so far, and its epoch. How can you tell from the current epoch and the best one how many epochs in a
# row have failed?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def stop_early(validation_losses, patience):
    """Return the epoch whose weights are kept, and the number of epochs trained."""
    ### BEGIN SOLUTION
    least, kept = np.inf, 0
    for epoch, loss in enumerate(validation_losses, 1):
        if loss < least:
            least, kept = loss, epoch
        elif epoch - kept >= patience:
            return kept, epoch
    return kept, len(validation_losses)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-3-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(stop_early([0.5, 0.4, 0.45, 0.38, 0.39, 0.41, 0.3], 2), "Task 3"):
    result = stop_early([0.5, 0.4, 0.45, 0.38, 0.39, 0.41, 0.3], 2)
    assert np.shape(result) == (2,), f"you return {result}; return a pair of integers (kept, trained)"
    result = tuple(map(int, result))
    assert result[0] != 7, (
        f"the example gives {result}, but epoch 7 is never run. Do you take the least of all losses, or does your rule "
        "wait an epoch too long?"
    )
    assert result not in {(3, 5), (3, 6)}, (
        f"the example gives {result}: do you count epochs from 0? The first is epoch 1"
    )
    assert result != (6, 6), f"the example gives {result}: keep the best epoch of those run, not the last one"
    assert result != (6, 4), f"the example gives {result}: return kept first, then trained"
    assert result != (4, 5), (
        f"the example gives {result}, but only one epoch in a row has failed by then: begin to count anew after each "
        "improvement"
    )
    assert result == (4, 6), f"the example gives {result}, and (4, 6) is right; go through the table by hand"

    result = tuple(map(int, stop_early([0.30, 0.20, 0.25, 0.24, 0.23, 0.10], 2)))
    assert result != (6, 6), (
        "losses 0.30, 0.20, 0.25, 0.24, 0.23, 0.10 with a patience of 2 have to stop at epoch 4. Compare each loss "
        "with the least so far, not with the loss of the epoch before; and stop at once when patience is at an end"
    )
    assert result == (2, 4), (
        f"losses 0.30, 0.20, 0.25, 0.24, 0.23, 0.10, patience 2: you return {result}; (2, 4) is right"
    )
    result = tuple(map(int, stop_early([0.30, 0.20, 0.20, 0.20, 0.10], 2)))
    assert result == (2, 4), (
        f"losses 0.3, 0.2, 0.2, 0.2, 0.1: you return {result}; an equal loss is no improvement: (2, 4)"
    )
    result = stop_early([0.9, 0.8, 0.7, 0.6, 0.65], 3)
    assert result is not None, (
        "losses 0.9, 0.8, 0.7, 0.6, 0.65, patience 3: you return nothing. What if the loop ends and the rule has never "
        "stopped the training?"
    )
    result = tuple(map(int, result))
    assert result == (4, 5), f"losses 0.9, 0.8, 0.7, 0.6, 0.65, patience 3 never stop early: (4, 5), and not {result}"
    print("Task 3: the visible checks pass.")
### BEGIN HIDDEN TESTS
for hidden_losses, hidden_patience, hidden_result in (
    ([0.5, 0.6, 0.4, 0.3], 1, (1, 2)),
    ([0.9, 0.5, 0.6, 0.55, 0.4, 0.45, 0.44, 0.43, 0.1], 3, (5, 8)),
    ([0.9, 0.5, 0.6, 0.7, 0.8, 0.45, 0.5, 0.6, 0.7, 0.8, 0.3], 4, (6, 10)),
    ([5.0, 4.0, 3.0, 2.0], 1, (4, 4)),
    ([2.0, 3.0, 4.0], 5, (1, 3)),
    ([7.0], 2, (1, 1)),
):
    for hidden_sequence in (hidden_losses, np.array(hidden_losses)):
        stopped = stop_early(hidden_sequence, hidden_patience)
        assert stopped is not None, "Task 3: stop_early returns nothing for some sequences of losses"
        assert tuple(map(int, stopped)) == hidden_result, (
            "Task 3: wrong for some sequences of losses. Try a patience of 1, losses above 1, an improvement in the "
            "last epoch that patience still allows, and a sequence that is shorter than the patience"
        )
### END HIDDEN TESTS

# %% [markdown]
# ## Question 1: Two learning curves (3 marks)
#
# One model, 784-128-32-128-784 with a linear code, is trained twice from the same start: run A on 250 images for 60
# epochs of 25 gradient steps, run B on 20,000 images for 10 epochs of 200 steps. Both are measured on the same 250
# validation images after every epoch. Run the three cells below, of which the first trains for some seconds, and look
# at the two figures. Mind that their axes differ. Above run B's figure you see what your rule from Task 3 would have
# done in either run. If that cell fails because Task 3 is unfinished, put `return None` as the first line into
# `stop_early` for the time being; the figure is then drawn without the rule.

# %% nbgrader={"grade": false, "grade_id": "setup-runs", "locked": true, "schema_version": 3, "solution": false, "task": false}
judges = x_validation[:250]
floor = metrics.mean_binary_crossentropy(judges, judges)
runs = {}
for name, images, epochs, batch_size in (("A", 250, 60, 10), ("B", 20_000, 10, 100)):
    digit_model = models.dense_autoencoder(32, hidden=(128,), code_activation="linear", seed=SEED)
    runs[name] = training.fit(
        digit_model,
        x_train[:images],
        epochs=epochs,
        batch_size=batch_size,
        seed=SEED,
        validation_data=(judges, judges),
    ).history
# The loop ends with run B. Its model is needed again, under the name digit_model.

# %% mystnb={"image": {"alt": "Loss of run A over 60 epochs. Both curves fall steeply at first. Apart from a small bump, the training loss goes on falling, and it ends far below the validation loss. The validation loss is least around epoch 25 to 30; from there on it goes up and down and, on the whole, slowly up."}} nbgrader={"grade": false, "grade_id": "setup-figure-a", "locked": true, "schema_version": 3, "solution": false, "task": false}
plots.curves(
    {"training": runs["A"]["loss"], "validation": runs["A"]["val_loss"]},
    title="Run A: 250 training images",
    xlabel="epoch",
    ylabel="binary cross-entropy (nats per pixel)",
    references={"floor of the validation images": floor},
)

# %% mystnb={"image": {"alt": "Loss of run B over 10 epochs. Both curves fall from epoch to epoch, ever more slowly, and are still falling at the end. The validation loss lies below the training loss at first; later the two lie close together, well above the floor."}} nbgrader={"grade": false, "grade_id": "setup-figure-b", "locked": true, "schema_version": 3, "solution": false, "task": false}
for name, run in runs.items():
    for patience in (1, 10):
        if (stopped := stop_early(run["val_loss"], patience)) is not None:
            print(f"run {name}, patience {patience:2}: (kept, trained) = ({stopped[0]}, {stopped[1]})")
plots.curves(
    {"training": runs["B"]["loss"], "validation": runs["B"]["val_loss"]},
    title="Run B: 20,000 training images",
    xlabel="epoch",
    ylabel="binary cross-entropy (nats per pixel)",
    references={"floor of the validation images": floor},
)

# %% [markdown]
# Answer in about ten sentences:
#
# 1. Which run overfits, in the chapter's meaning of the word, and which does not? Say which part of the figure shows
#    it.
# 2. After about which epoch would you stop run A? Why does the training curve not tell you, and why can a patience of 1
#    stop too early, given the small ups and downs of the validation curve?
# 3. In order to lower the *validation* loss you may change one thing in each run: take three times as many gradient
#    steps on the same images, or take the same number of steps on three times as many images. Which do you choose for
#    A, and which for B? Why?

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-1", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** Run A overfits: from about epoch 30 on its validation loss rises on the whole, while its training
# loss still falls on the whole. Run B does not: its validation loss falls to the last epoch, close to the training loss
# and well above the floor, so the model has not finished learning. (That B's validation loss begins *below* the
# training loss is no sign of anything: Keras averages the training loss over an epoch of improving weights.)
#
# I would stop run A where the validation loss is least, at about epoch 30. The training curve shows no minimum: it
# would have me train for ever, since learning the 250 images by heart lowers it, too. The validation loss goes up and
# down by chance from one epoch to the next, so a patience of 1 may stop at the first small bump, before the minimum; a
# patience of 10 waits until the rise is more than chance.
#
# For A I choose more images. More steps only lead further up the validation curve, whereas 250 images are too few to
# show what digits have in common. For B I choose more steps: the curve says that they still pay. Training and
# validation loss are nearly equal there, so with more images there would be little gap to close.
#
# **Rubric.**
#
# - 1 mark: A overfits, as its validation loss rises while its training loss falls; B does not, as its validation loss
#   falls to the end. Half a mark if the only reason given is the gap between the curves.
# - 1 mark: an epoch near A's least validation loss (any from 15 to 40), taken from the validation curve; the training
#   loss falls on beyond it; and a patience of 1 can stop at a chance bump. Half a mark if one of the last two is
#   missing.
# - 1 mark: more images for A and more steps for B, each with a reason taken from the curves. Half a mark for one of
#   them.
# ### END SOLUTION

# %% [markdown]
# ## Task 4: Beat PCA (3 marks)
#
# With 64 numbers for an image, the chapter's autoencoder beat PCA. Does it work with 16? The next cell fits PCA with 16
# components to `x_train` and prints its mean squared error on the validation images. It also defines
# `validation_error(model)`, the same number for a model of yours.
#
# Train an autoencoder whose error on the validation images is at most 0.60 times that of PCA, and leave it in
# `my_autoencoder`.
#
# - It is a `models.Autoencoder`, made by `models.dense_autoencoder` or by your own `build_autoencoder`.
# - Its code has 16 numbers, and it has at most 210,000 parameters in all. (PCA has 784 · 16 + 784 = 13,328.)
# - Its training, by `training.fit`, sees no images but the 20,000 of `x_train`. Compare your attempts by
#   `validation_error`. Test images are for reporting: the hidden check measures your model on them once, against PCA
#   again, and allows 0.62.
# - Set every seed: `models.dense_autoencoder` and `training.fit` each take one; before `build_autoencoder` call
#   `keras.utils.set_random_seed`. Hand in only the model that you chose, not all your attempts: the cell should take
#   less than 30 seconds.
#
# <details><summary>Hint</summary>
#
# Begin with the chapter's recipe: a hidden layer of 128 units, ReLU at the code, batches of 256. With 5 epochs it is no
# better than PCA here. Change one thing at a time and note the error. What did the chapter find when it counted how
# many code units were 0 on every image, and how could you prevent that? How many gradient steps does your training
# take: images / batch size · epochs, where the chapter took 4,700? The loss that you train on is a choice as well
# (`training.fit(…, loss="mean_squared_error")`), and so is the code's activation (`models.dense_autoencoder(…,
# code_activation=…)`).
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "setup-4", "locked": true, "schema_version": 3, "solution": false, "task": false}
pca = baselines.PCACodec(16).fit(x_train)


def validation_error(model):
    """Give the mean squared error over all pixels of all validation images."""
    return metrics.mean_squared_error(x_validation, rebuild(model, x_validation)).mean()


pca_error = metrics.mean_squared_error(x_validation, pca.reconstruct(x_validation)).mean()
print(f"PCA, 16 components: validation error {pca_error:.4f}; 0.60 times that is {0.60 * pca_error:.4f}")

# %% nbgrader={"grade": false, "grade_id": "task-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
my_autoencoder = None
### BEGIN SOLUTION
my_autoencoder = models.dense_autoencoder(16, hidden=(128,), code_activation="linear", seed=SEED)
history = training.fit(my_autoencoder, x_train, epochs=12, batch_size=64, seed=SEED)
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "task-4-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(my_autoencoder, "Task 4"):
    kind = type(my_autoencoder).__name__
    assert kind != "History", (
        "my_autoencoder is what training.fit returns; keep the model itself, which fit trains in place"
    )
    assert isinstance(my_autoencoder, models.Autoencoder), (
        f"my_autoencoder is of the type {kind}, not models.Autoencoder"
    )
    assert my_autoencoder.latent_dim == 16, (
        f"your code has {my_autoencoder.latent_dim} numbers; PCA here has 16 components"
    )
    count = my_autoencoder.count_params()
    assert count <= 210_000, (
        f"your model has {count:,} parameters, and 210,000 are allowed; which layers hold most of them?"
    )
    share = validation_error(my_autoencoder) / pca_error
    codes = my_autoencoder.encoder.predict(x_validation, batch_size=1000, verbose=0)
    dead = int((codes.max(axis=0) == codes.min(axis=0)).sum())
    note = f" {dead} of its 16 code units are the same for all images: can ReLU do that?" if dead else ""
    assert share < 2, f"your error is {share:.1f} times PCA's: has this model been trained?{note}"
    assert share < 1, f"your error is {share:.3f} times PCA's: does it learn long enough, with a hidden layer?{note}"
    assert share <= 0.60, f"your error is {share:.3f} times PCA's: you beat PCA, but 0.60 is asked. See the hint.{note}"
    print(f"Task 4: the visible checks pass. Your error is {share:.3f} times that of PCA.")
### BEGIN HIDDEN TESTS
assert isinstance(my_autoencoder, models.Autoencoder), "Task 4: my_autoencoder is not a models.Autoencoder"
assert my_autoencoder.latent_dim == 16, "Task 4: the code of my_autoencoder has not 16 numbers"
hidden_codes = my_autoencoder.encoder.predict(mnist.x_test, batch_size=1000, verbose=0)
hidden_rebuilt = my_autoencoder.decoder.predict(hidden_codes, batch_size=1000, verbose=0)
hidden_share = (
    metrics.mean_squared_error(mnist.x_test, hidden_rebuilt).mean()
    / metrics.mean_squared_error(mnist.x_test, pca.reconstruct(mnist.x_test)).mean()
)
assert hidden_share <= 0.62, f"Task 4: on test images your error is {hidden_share:.3f} times PCA's; 0.62 is allowed"
### END HIDDEN TESTS

# %% [markdown]
# ## Question 2: The hardest digit (2 marks)
#
# Which digit does a model rebuild worst? The chapter compared the mean squared errors. But one digit may have a greater
# error than another simply because it has more ink, or stands where other digits do not. The next cell measures the
# model of run B on the validation images of each digit, and sets beside it how badly the
# [mean image](../../../chapters/glossary.md#mean-image) does on the *same* images. The last column is the one divided
# by the other: the share of the mean image's error that the model leaves.

# %% nbgrader={"grade": false, "grade_id": "setup-question-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
mean_image = baselines.MeanImage().fit(x_train)
by_digit = pd.DataFrame(
    {
        "digit": y_validation,
        "model": metrics.mean_squared_error(x_validation, rebuild(digit_model, x_validation)),
        "mean image": metrics.mean_squared_error(x_validation, mean_image.reconstruct(x_validation)),
    }
)
by_digit = by_digit.groupby("digit").mean()
by_digit["model / mean image"] = by_digit["model"] / by_digit["mean image"]
by_digit.sort_values("model").round(4)

# %% [markdown]
# The table is sorted by the model's error. Answer in five to eight sentences:
#
# 1. Which digit moves up most places if you rank by `model / mean image` in place of `model`? Explain it by the mean
#    image, whose picture is in the chapter.
# 2. Which digit would you call the hardest, by which column, and why is that column the fairer measure of how hard a
#    digit is?

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-2", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** The 0. By its error it is in the middle, behind 1, 7 and 9; as a share of the mean image's error it
# is the second easiest. A 0 has much ink in its ring, where the mean image is rather dark, and none in the middle,
# where the mean image is bright; so the mean image does worse on 0s than on any other digit. The model's error on a 0
# is therefore small beside what there was to gain.
#
# I call 8 the hardest, by the last column: the model leaves about a fifth of the mean image's error, more than on any
# other digit. By the error alone, 2 and 8 are about equal, but the mean image does worse on 2s. The last column is
# fairer, since it compares each digit with what a method without any code achieves on the same images: it takes out how
# much there is to rebuild, and leaves how well the model did it. (The first column is the right one for another
# question: where do most of the errors that I see come from?)
#
# **Rubric.**
#
# - 1 mark: the 0, because the mean image does very badly on 0s (a hole where it is bright, or much ink where it is
#   dark). Half a mark for the 0 with no reason that refers to the mean image.
# - 1 mark: the 8 by the last column, with the reason that the column relates the error to what there was to gain on the
#   same images. A full mark as well for another column if the question that it answers is stated. Half a mark without a
#   reason.
# ### END SOLUTION

# %% [markdown]
# ## Task 5: No digits (4 marks)
#
# Can the model of run B tell which images are no digits? Give every image $x$ with reconstruction $\hat x$ a *score*,
# one number which is greater the stranger the image is. Choose a threshold, and *flag* the images whose score is
# greater than the threshold. A digit that is flagged is a *false alarm*.
#
# The chapter warns that the mean squared error is no good as a score: an empty image is rebuilt better than any digit.
# The next cell prepares five kinds of strangers, 300 of each, and draws the mean squared error for each kind: clothes
# from Fashion-MNIST, validation digits with their pixels shuffled, the same digits inverted, empty images, and black
# images with one white spot of two by two pixels. Two of the five lie *below* the digits, and no threshold on the error
# can flag them without flagging most digits, too.
#
# Write two functions.
#
# - `strangeness(x, x_hat)`: takes images and their reconstructions, both arrays of shape `(n, 784)`, and returns the
#   scores, an array of shape `(n,)`. The score of an image depends on this image and its reconstruction alone, not on
#   the others in the array, and is never NaN (infinity is allowed).
# - `choose_threshold(scores, false_alarms)`: takes the scores of validation digits and a share such as 0.02, and
#   returns a threshold, one number, which flags this share of the scores. (The checks use whole numbers of images, such
#   as 20 out of 1,000, and allow one fewer.) Strangers play no part in choosing it.
#
# With a share of 0.02, your threshold has to flag at least three quarters of the strangers of each kind, and at most
# one in 25 of the digits that were not used to choose it. (The hidden check has strangers of other kinds, too, such as
# noise and a smaller spot.)
#
# <details><summary>Hint</summary>
#
# Question 2 divided an error by a yardstick. The mean image does not help here: its own error on an empty image is far
# greater than the model's. Is there an even simpler yardstick, one that is small where there is little to rebuild?
# Suppose a picture has one white pixel and the model leaves it out: the squared error is about 1, and its mean over the
# pixels about 1/784, less than any digit's in the table of Question 2. How great is it in proportion to what there was
# to rebuild? To avoid 0/0, add a very small number to what you divide by.
#
# For the threshold: sort the scores. How many of them have to lie above it?
#
# </details>


# %% mystnb={"image": {"alt": "Horizontal bars of the mean squared error of digits and five kinds of strangers. Inverted digits have by far the greatest; clothes and shuffled digits have about a tenth of a unit, ten times as much as digits. The bars of the spot and of the empty image are shorter than that of digits; that of the empty image can hardly be seen."}} nbgrader={"grade": false, "grade_id": "setup-5", "locked": true, "schema_version": 3, "solution": false, "task": false}
def spots(number, side, seed):
    """Give black images with a white square at a random place in each."""
    images = np.zeros((number, 28, 28), dtype=np.float32)
    for image, (row, column) in zip(images, np.random.default_rng(seed).integers(29 - side, size=(number, 2))):
        image[row : row + side, column : column + side] = 1
    return data.as_vectors(images)


fashion = data.load_fashion_mnist()
choosing, others = x_validation[1000:3000], x_validation[3000:5000]
strangers = {
    "clothes": fashion.x_train[:300],
    "shuffled": np.random.default_rng(SEED).permuted(others[:300], axis=1),
    "inverted": 1 - others[:300],
    "empty": np.zeros((300, 784), dtype=np.float32),
    "spot": spots(300, 2, SEED),
}
rebuilt_choosing, rebuilt_others = rebuild(digit_model, choosing), rebuild(digit_model, others)
rebuilt_strangers = {kind: rebuild(digit_model, x) for kind, x in strangers.items()}
mean_errors = {"digits": metrics.mean_squared_error(others, rebuilt_others).mean()}
for kind, x in strangers.items():
    mean_errors[kind] = metrics.mean_squared_error(x, rebuilt_strangers[kind]).mean()
plots.bars(mean_errors, title="How well run B's model rebuilds digits and strangers", xlabel="mean squared error")


# %% nbgrader={"grade": false, "grade_id": "task-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def strangeness(x, x_hat):
    """Return one score for each image, greater for stranger images."""
    ### BEGIN SOLUTION
    # The yardstick is the black image: its squared error is the sum of the squared pixels.
    return ((x_hat - x) ** 2).sum(axis=1) / ((x**2).sum(axis=1) + 1e-6)
    ### END SOLUTION


def choose_threshold(scores, false_alarms):
    """Return the threshold that flags a given share of the scores of validation digits."""
    ### BEGIN SOLUTION
    return np.quantile(scores, 1 - false_alarms)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-5-tests", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
def shares_flagged(images, rebuilds, threshold):
    """Give the share of each kind of images that is flagged."""
    shares = {}
    for kind, x in images.items():
        scores = strangeness(x, rebuilds[kind])
        assert not np.isnan(scores).any(), f"strangeness gives NaN for some images of the kind '{kind}': is it 0/0?"
        shares[kind] = float(np.mean(scores > threshold))
    return shares


scores = strangeness(choosing, rebuilt_choosing)
thousand = np.random.default_rng(SEED).exponential(size=1000)
if started(scores, "Task 5, strangeness") and started(choose_threshold(thousand, 0.02), "Task 5, choose_threshold"):
    assert np.shape(scores) == (2000,), (
        f"2000 images give scores of shape {np.shape(scores)}; sum or average over axis 1"
    )
    assert np.allclose(strangeness(choosing[:3], rebuilt_choosing[:3]), scores[:3], rtol=1e-4), (
        "an image's score changes when fewer images are passed: use nothing that is computed over all images"
    )
    for allowed in (0.02, 0.1):
        threshold = choose_threshold(thousand, allowed)
        assert np.shape(threshold) == (), f"your threshold has shape {np.shape(threshold)}; return one number"
        flagged = int((thousand > threshold).sum())
        assert flagged < 900, (
            f"with a share of {allowed} you flag {flagged} of 1000 scores: the greatest are strange, not the least"
        )
        assert flagged <= 1000 * allowed, (
            f"with a share of {allowed} you flag {flagged} of 1000 scores; at most {1000 * allowed:.0f} are allowed"
        )
        assert flagged >= 1000 * allowed - 1, (
            f"with a share of {allowed} you flag {flagged} of 1000 scores; {1000 * allowed:.0f} are wanted"
        )

    threshold = choose_threshold(scores, 0.02)
    shares = shares_flagged(strangers | {"digits": others}, rebuilt_strangers | {"digits": rebuilt_others}, threshold)
    print("share flagged:", {kind: round(share, 3) for kind, share in shares.items()})
    assert shares["inverted"] > 0.1 or shares["clothes"] > 0.1, (
        "you flag hardly any stranger: is a greater score stranger?"
    )
    assert shares["digits"] <= 0.04, (
        f"you flag {shares['digits']:.1%} of the other digits; at most 4 % (one in 25) are allowed"
    )
    for kind in ("clothes", "shuffled", "inverted"):
        assert shares[kind] >= 0.75, (
            f"only {shares[kind]:.1%} of '{kind}' are flagged: does the score compare x_hat with x?"
        )
    for kind in ("empty", "spot"):
        assert shares[kind] >= 0.75, (
            f"only {shares[kind]:.1%} of '{kind}' are flagged: the error is small as there is little to rebuild. "
            "Compare it with how much there is"
        )
    print("Task 5: the visible checks pass.")
### BEGIN HIDDEN TESTS
hidden_scores = np.random.default_rng(11).normal(size=3000)
hidden_threshold = choose_threshold(hidden_scores, 0.05)
assert hidden_threshold is not None, "Task 5: choose_threshold returns nothing"
assert 149 <= (hidden_scores > hidden_threshold).sum() <= 150, (
    "Task 5: choose_threshold does not flag 5 % of 3,000 other scores, some of which are negative"
)
hidden_digits = strangeness(choosing, rebuilt_choosing)
assert hidden_digits is not None and np.shape(hidden_digits) == (2000,), (
    "Task 5: strangeness gives no score for each image"
)
hidden_images = {
    "digits": mnist.x_test[:2000],
    "clothes": fashion.x_test[:300],
    "shuffled": np.random.default_rng(12).permuted(mnist.x_test[:300], axis=1),
    "noise": np.random.default_rng(13).random((300, 784), dtype=np.float32),
    "spot": spots(300, 1, 14),
    "empty": np.zeros((2, 784), dtype=np.float32),
}
hidden_shares = shares_flagged(
    hidden_images,
    {kind: rebuild(digit_model, x) for kind, x in hidden_images.items()},
    choose_threshold(hidden_digits, 0.02),
)
for kind, share in hidden_shares.items():
    assert (share <= 0.04) if kind == "digits" else (share >= 0.75), (
        f"Task 5: with the threshold from the validation digits, {share:.1%} of other images of the kind '{kind}' are "
        "flagged"
    )
### END HIDDEN TESTS

# %% [markdown]
# ## Before you hand in
#
# Choose *Kernel → Restart Kernel and Run All Cells*. Every check should say that it passes, and both questions should
# have an answer. If a task is unfinished, leave your attempt in: each task is marked by itself. *Run All* stops at its
# failing check; select the next cell and choose *Run → Run Selected Cell and All Below* to go on.
