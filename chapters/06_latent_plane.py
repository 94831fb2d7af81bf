# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 6 · The latent plane
#
# A code of two numbers is a point in a plane, and a plane can be drawn. So with two code units you can see at once
# where the encoder puts every digit, and what the decoder makes of every place. What does that map show about digits,
# what does it show about one training run only, and what is in the places where no digit is?

# %% [markdown]
# ## What you will learn
#
# - Draw a [latent plane](glossary.md#latent-plane) with its decoded grid, and read clusters and overlaps off it.
# - Measure how well neighbours in a plane share a digit, against chance, PCA and raw pixels.
# - Tell what several seeds agree on from what belongs to one run, and explain why the axes have no meaning.
# - Explain how ReLU codes are confined to a quadrant, how a code unit dies, and how it can come back.
# - Decode straight paths through the plane, and say what the decoder does where it has never seen a code.

# %% [markdown]
# ## What you need
#
# - [Chapter 3](03_dense_autoencoder.ipynb) for the model, [chapter 5](05_code_size.ipynb) for codes of other sizes.
# - Rotations in the plane; the idea of a correlation.
#
# Running time: about 80 seconds on two cores.

# %%
from itertools import combinations

from aelib import baselines, data, metrics, models, plots, training

import keras
import numpy as np
import pandas as pd
from scipy.spatial import KDTree, procrustes
from scipy.spatial.distance import pdist
from sklearn.neighbors import NearestNeighbors

SEED = 0

# %%
mnist = data.load_mnist()
x_train, x_test, y_test = mnist.x_train, mnist.x_test, mnist.y_test


def predict(model, x):
    return keras.ops.convert_to_numpy(model(np.asarray(x, dtype="float32")))


# %% [markdown]
# ## Two units
#
# The model is that of chapter 3, 784-128-64-128-784, with the 64 replaced by 2. Layers, loss, optimiser and training
# stay the same.

# %%
relu = models.dense_autoencoder(latent_dim=2, seed=SEED)
relu_loss = training.fit(relu, x_train, epochs=20, seed=SEED).history["loss"]

# %% [markdown]
# The yardsticks are the [mean image](glossary.md#mean-image), which needs no code, and [PCA](glossary.md#pca) with as
# many numbers. The components of PCA come in order, so one fit with 64 of them holds the fit with two: set the other 62
# to zero.

# %%
pca = baselines.PCACodec(64).fit(x_train)
pca_codes = pca.encode(x_test)
two_components = np.where(np.arange(64) < 2, pca_codes, 0)
rebuilt = {
    "mean image": baselines.MeanImage().fit(x_train).reconstruct(x_test),
    "PCA, 2 components": pca.decode(two_components),
    "autoencoder, 2 units": predict(relu, x_test),
}
errors = pd.Series({name: metrics.mean_squared_error(x_test, x_hat).mean() for name, x_hat in rebuilt.items()})
errors.to_frame("test MSE").round(4)

# %% [markdown]
# Two numbers remove more than a quarter of the mean image's error, and at the same size the autoencoder is ahead of
# PCA. Most of the error stays: these reconstructions are poor, and the rest of the chapter has to be read with that in
# mind.
#
# Now the map. On the left, every glyph is the code of one test image, drawn as the digit it shows. On the right, the
# decoder's images for a grid of codes over the same plane.
#
# > **Predict first.** Which digits will lie apart from all others, and which two will overlap most? Write a pair down;
# > you will need it twice.

# %% mystnb={"image": {"alt": "Two panels over the same quadrant. Left: codes of test images drawn as coloured digits. The 1s spread far out to the upper right on their own, the 0s hug the left edge, 7s and 9s run along the bottom, and everything else is crowded near the origin. Right: the decoded grid shows 0s in the left column, slanted 1s over most of the upper right, 7s at the bottom, and blurred mixtures in between."}}
relu_codes = predict(relu.encoder, x_test)


def decode(codes):
    return predict(relu.decoder, codes)


plots.plane_and_grid(decode, relu_codes, y_test, title="The latent plane of the first model", steps=8, points=350)

# %% [markdown]
# The network was never told what a digit is, and yet digits *cluster*: images of one digit get codes near one another,
# because they have pixels in common and the decoder has to serve them with similar output. The 1s, thin strokes that
# share few pixels with anything else, lie on their own. The right panel is the same map as the decoder sees it. It is
# continuous: neighbouring cells show similar images, and between two digits lie images that are partly both.
#
# The scale is set by the 1s, far out, while most codes are crowded into a corner. Look closer at that corner.

# %% mystnb={"image": {"alt": "The same two panels for the crowded corner near the origin. 0s lie along the left edge with 6s and then 2s beside them, 4s, 7s and 9s are mixed in a band along the bottom, and 3s, 5s and 8s are mixed in the middle with no borders between them. The decoded grid is blurred: most cells show shapes between 3, 8 and 9."}}
corner = (relu_codes < np.percentile(relu_codes, 80, axis=0)).all(axis=1)
plots.plane_and_grid(
    decode, relu_codes[corner], y_test[corner], title="The crowded corner, enlarged", steps=8, points=350
)

# %% [markdown]
# Here the colours run into each other. 4, 7 and 9 share one region, and 3, 5 and 8 another. Where several digits share a
# place, the decoder gets one code for all of them and answers with their average: a blur.

# %% [markdown]
# ## Do neighbours share a digit?
#
# A picture persuades easily. So count: for each code, take its ten nearest codes and see what share of them shows the
# same digit. The mean of that share is the *neighbour agreement*. Ten classes of nearly equal size make it about 0.1
# for codes that know nothing of the digit, which shuffled labels confirm. At the other end stand the raw pixels:
# neighbours among the images themselves.

# %%
rng = np.random.default_rng(SEED)
sample = rng.choice(len(x_test), 5000, replace=False)
labels = y_test[sample]
agreement = pd.Series(
    {
        "labels shuffled (chance)": metrics.neighbour_agreement(relu_codes[sample], rng.permutation(labels)),
        "PCA, 2 components": metrics.neighbour_agreement(pca_codes[sample, :2], labels),
        "autoencoder, 2 units": metrics.neighbour_agreement(relu_codes[sample], labels),
        "PCA, 64 components": metrics.neighbour_agreement(pca_codes[sample], labels),
        "pixels": metrics.neighbour_agreement(x_test[sample], labels),
    }
)
agreement.to_frame("neighbour agreement").round(3)

# %% [markdown]
# The plane knows a good deal about digits, about five times as much as chance, and more than PCA's plane. It also loses
# a good deal: among the images themselves, neighbours agree far more often, and 64 components keep all of that. The
# clusters were in the pixels before any training. A code of two numbers does not find them, it saves a part of them.
#
# Which digits overlap? Split the count by digit: row by row, the digits of the ten neighbours.


# %%
def neighbours(codes):
    """Indices of the ten nearest other codes, and the table of digits: share of a row's neighbours in a column."""
    nearest = NearestNeighbors(n_neighbors=10).fit(codes).kneighbors(return_distance=False)
    shown = labels[nearest]
    table = [[(shown[labels == row] == column).mean() for column in range(10)] for row in range(10)]
    return nearest, np.array(table)


def overlapping_pairs(table, count=3):
    """The pairs of digits that are most often each other's neighbours, most overlapping first."""
    ranked = sorted(combinations(range(10), 2), key=lambda pair: table[pair] + table[pair[::-1]], reverse=True)
    return [f"{a}–{b}" for a, b in ranked[:count]]


# %%
_, relu_table = neighbours(relu_codes[sample])
digits = pd.RangeIndex(10, name="digit")
pd.DataFrame(relu_table, index=digits, columns=pd.RangeIndex(10, name="neighbours")).round(2)

# %%
print("most overlapping pairs:", ", ".join(overlapping_pairs(relu_table)))

# %% [markdown]
# Compare your pair. Two families stand out: 4, 7 and 9, an upper part over a slanting stem, and 3, 5 and 8, stacked
# bows. Within a family the plane can hardly tell digits apart: an 8 has more neighbours from other digits than 8s.
# 0, 1 and 6 keep to themselves.

# %% [markdown]
# ## A quadrant, and units that die
#
# [ReLU](glossary.md#relu) at the code allows no negative number: all codes lie in one *quadrant* of the plane, and three
# quarters of it are out of bounds. It also brings a risk. A ReLU unit gives 0 where its input is negative, and passes no
# gradient back there. If that holds for every image, it is a [dead unit](glossary.md#dead-unit). With 64 units a few
# dead ones are no loss. With two, one dead unit turns the plane into a line.
#
# How often does that happen? Train six networks that differ in their random start, for four epochs. They can share one
# run: put side by side, they get the same batches, and the sum of their losses gives each the gradient it would have
# alone.

# %%
networks = [models.dense_autoencoder(2, seed=seed, name=f"network_{seed}") for seed in range(6)]
off_at_start = sum((predict(network.encoder, x_test) == 0).all(axis=0).sum() for network in networks)
image = keras.Input((784,))
side_by_side = keras.Model(image, keras.ops.stack([network(image) for network in networks], axis=1))
codes_after = []


def sum_of_losses(x, x_hat):
    copies = keras.ops.repeat(x[:, None], len(networks), axis=1)
    return len(networks) * keras.losses.binary_crossentropy(copies, x_hat)


def remember(epoch, logs=None):
    codes_after.append([predict(network.encoder, x_test) for network in networks])


# %%
keras.utils.set_random_seed(SEED)
side_by_side.compile("adam", sum_of_losses, steps_per_execution=235)
notes = keras.callbacks.LambdaCallback(on_epoch_end=remember)
side_by_side.fit(x_train, x_train, batch_size=256, epochs=4, verbose=0, callbacks=[notes])

codes_after = np.array(codes_after)  # epoch, network, image, unit
units_off = (codes_after == 0).all(axis=2).sum(axis=-1)
columns = [f"off after epoch {epoch}" for epoch in (1, 2, 3, 4)]
print(f"code units off before training: {off_at_start} of 12")
pd.DataFrame(units_off.T, index=pd.RangeIndex(6, name="seed"), columns=columns)

# %% [markdown]
# The table counts code units that give 0 for all 10,000 test images. After the first epoch there are such units, though
# none of these networks starts with one. At the start every output is too bright, for sigmoids begin near 0.5 and digits
# are mostly black. Among the steps that darken it are some that pull the codes down, and a unit that is pulled too far is
# off for all images.
#
# Then something happens that "dead" does not suggest: units come back. The dead unit's own weights get no gradient, but
# it reads the same hidden layer as the other unit, and that layer goes on learning for the other's sake. Its outputs
# change until, for some image, the dead unit's input is positive again; from there on it learns. Only when *both* units
# are off is it final: then nothing in the encoder gets a gradient, every image gets the code $(0, 0)$, and the best
# that the decoder can learn is the mean image.

# %% mystnb={"image": {"alt": "Two panels with codes of the same test images by the same network, after the first and after the fourth epoch. After the first epoch all codes lie on one axis: a line on which digits cover one another. After the fourth epoch they fill a part of the plane, fanning out from the corner."}}
on_at_last = (codes_after[-1] > 0).mean(axis=1).min(axis=1)  # share of images, for the unit that is on for fewer
collapsed = int(np.argmax(np.where(units_off[0] == 1, on_at_last, -1)))
plots.latent_planes(
    {f"after epoch {epoch}": codes_after[epoch - 1, collapsed] for epoch in (1, 4)},
    y_test,
    title=f"A plane that began as a line (seed {collapsed})",
    points=200,
)

# %% [markdown]
# The line is the plane of a network with one number in its code. If a run of yours ends like the left panel, you have
# two remedies: another seed, or another activation at the code.

# %% [markdown]
# ## Linear codes, and several seeds
#
# A code without activation, called *linear*, can be negative and cannot die: its gradient is never cut off. The hidden
# layers stay ReLU, so the network as a whole is as nonlinear as before. Train three such networks, which differ in
# their [seed](glossary.md#seed) alone.
#
# > **Predict first.** Will the three have the same error, within five per cent? Will the 1s lie in the same direction
# > in all three planes? If you turn the planes so that they match as well as they can, will they then be the same?

# %%
linear, linear_loss = {}, {}
for seed in (0, 1, 2):
    linear[seed] = models.dense_autoencoder(latent_dim=2, code_activation="linear", seed=seed)
    linear_loss[seed] = training.fit(linear[seed], x_train, epochs=20, seed=seed).history["loss"][-1]

# %% mystnb={"image": {"alt": "Four panels with codes of the same test images: linear codes from seeds 0, 1 and 2, and PCA's plane. In the first three, arms of one digit each, above all the 1s and the 6s, run out from a crowded centre, each time in another direction and to another length. PCA's plane is one round cloud, with 1s at one side, 0s at the other and the rest mixed in between."}}
planes = {f"linear, seed {seed}": predict(linear[seed].encoder, x_test) for seed in linear}
planes["PCA"] = pca_codes[:, :2]
plots.latent_planes(planes, y_test, title="Three seeds of the same model, and PCA", points=300)

# %% [markdown]
# The same model, the same data, three maps. Each has a crowded centre with arms, and each arm belongs to one digit or
# two. But the arms point elsewhere each time, and are longer or shorter. PCA's plane is a compact cloud; apart from the
# sign of each axis, it is the same in every run, because it is the exact solution of a problem that has only one.

# %%
planes["ReLU, seed 0"] = relu_codes
found = {name: neighbours(codes[sample]) for name, codes in planes.items()}
networks_by_name = {"ReLU, seed 0": relu} | {f"linear, seed {seed}": linear[seed] for seed in linear}
rows = {}
for name, (_, table) in found.items():
    x_hat = predict(networks_by_name[name], x_test) if name in networks_by_name else pca.decode(two_components)
    rows[name] = {
        "test MSE": metrics.mean_squared_error(x_test, x_hat).mean().round(4),
        "neighbour agreement": round(metrics.neighbour_agreement(planes[name][sample], labels), 3),
        "most overlapping pairs": ", ".join(overlapping_pairs(table)),
    }
summary = pd.DataFrame(rows).T
summary

# %% [markdown]
# Here the seeds agree. Errors are the same within a few per cent, neighbour agreement within a few hundredths, and 4–9
# is among the most overlapping pairs every time. Linear codes rebuild a little better than ReLU codes, which have to
# fit everything into a quadrant, and on average their neighbours agree more often.

# %% [markdown]
# ## The axes mean nothing
#
# There is a reason why the arms may point anywhere. Turn every code by a rotation $R$ in the encoder's last layer, and
# turn it back in the decoder's first:
#
# $$ z' = zR, \qquad z'R^\top = z\,R R^\top = z. \tag{6.1} $$
#
# The reconstructions stay the same, and so does the loss. Training has no way to prefer one of these networks to
# another, so the start decides. Check it with a rotation by 70°: build a second network with the turned weights.

# %%
angle = np.radians(70)
rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
turned = models.dense_autoencoder(latent_dim=2, code_activation="linear")
*encoder_hidden, to_code, code_bias = linear[0].encoder.get_weights()
from_code, *decoder_rest = linear[0].decoder.get_weights()
turned.encoder.set_weights([*encoder_hidden, to_code @ rotation, code_bias @ rotation])
turned.decoder.set_weights([rotation.T @ from_code, *decoder_rest])

turned_codes = predict(turned.encoder, x_test)
moved = np.abs(turned_codes - planes["linear, seed 0"]).max()
changed = np.abs(predict(turned, x_test) - predict(linear[0], x_test)).max()
print(f"largest change of a code: {moved:.1f}; largest change of a reconstructed pixel: {changed:.0e}")

# %% [markdown]
# The codes moved across the plane, and no pixel of a reconstruction changed beyond rounding. The same goes for any
# matrix that has an inverse, so scales and even angles between directions are free as well. "Code unit 1 stands for
# slant" would be a statement about one seed's axes.
#
# > **Note.** ReLU takes some of that freedom away, since it does not commute with a rotation: only a positive factor
# > for each unit, and swapping the two, leave the reconstructions unchanged.

# %% [markdown]
# ## What is stable
#
# Perhaps the maps are the same *up to* such a change? The *Procrustes disparity* measures it: move, scale, turn and, if
# it helps, mirror one plane to fit the other as well as it can, and take the squared distance that remains, as a share
# of the spread. It is 0 for planes that differ only in these ways, and 1 for planes with nothing in common. Beside it
# stand three other measures of agreement:
#
# - *centroid distances*: take the mean code of each digit, and the 45 distances between these. The correlation of one
#   plane's distances with the other's says whether the same digits are near and far;
# - *overlaps*: the correlation of two tables of neighbours, diagonal left out. It says whether the same digits mix;
# - *common neighbours*: the share of an image's ten neighbours that are its neighbours in both planes.


# %%
def compare(name, other, order=slice(None)):
    """Agreement of two planes; `order` other than all rows in order pairs the second plane's images wrongly."""
    first, second = planes[name], planes[other][order]
    centroids = [np.array([codes[y_test == digit].mean(axis=0) for digit in range(10)]) for codes in (first, second)]
    (nearest, table), (other_nearest, other_table) = found[name], neighbours(second[sample])
    off_diagonal = ~np.eye(10, dtype=bool)
    return {
        "Procrustes disparity": procrustes(first, second)[2],
        "centroid distances": np.corrcoef(pdist(centroids[0]), pdist(centroids[1]))[0, 1],
        "overlaps": np.corrcoef(table[off_diagonal], other_table[off_diagonal])[0, 1],
        "common neighbours": (nearest[:, :, None] == other_nearest[:, None, :]).any(axis=2).mean(),
    }


# %%
pairs = [*combinations([f"linear, seed {seed}" for seed in linear], 2)]
pairs += [("linear, seed 0", "ReLU, seed 0"), ("linear, seed 0", "PCA")]
stability = pd.DataFrame({f"{name} and {other}": compare(name, other) for name, other in pairs}).T
stability.loc["linear, seed 0 and itself, shuffled"] = compare(
    "linear, seed 0", "linear, seed 0", rng.permutation(len(x_test))
)
stability.round(3)

# %% mystnb={"image": {"alt": "Three panels: linear seed 0, and linear seeds 1 and 2, each moved, scaled, turned and mirrored to fit seed 0 best. The 1s now lie to the right in all three and the 0s to the left, but the 6s point down in the first panel and up in the other two, and the arm of 7s and 9s is long in the first and shorter in the others."}}
unit = np.sqrt(len(x_test))  # procrustes scales the summed squares to 1; this makes it their mean
fitted = {"linear, seed 0": unit * procrustes(planes["linear, seed 0"], planes["PCA"])[0]}
for name in ("linear, seed 1", "linear, seed 2"):
    fitted[f"{name}, fitted"] = unit * procrustes(planes["linear, seed 0"], planes[name])[1]
plots.latent_planes(fitted, y_test, title="The planes turned to fit the first one", columns=3, points=300)

# %% [markdown]
# Read the columns from right to left. *Common neighbours*: few. Two runs mostly give an image different neighbours,
# though far more common ones than chance. *Overlaps*: nearly the same for all autoencoders. *Centroid distances*:
# alike. *Disparity*: well above 0 for some pairs, so those maps are different maps, with arms bent and stretched, and no
# turning makes them one. The pairs of seeds also differ from each other: had you trained two seeds only, it would have
# depended on luck how alike you find two maps.
#
# So two runs agree on which digits are alike, how well a plane can rebuild them and how far they mix. That is about
# digits. Directions, lengths, positions and single neighbours are about the run.
#
# > **Pitfall.** Do not conclude anything from the look of one latent plane. Train a few more seeds, and keep what is still
# > there.

# %% [markdown]
# ## Paths between digits
#
# A straight line between two codes is a path from one image to another, and every point of it can be decoded. Take, for
# each digit, the test image that the first linear model rebuilds best, and walk from 0 to 7 and from 6 to 1. Below each
# path stands the *cross-fade*, the same mixture of the two images' pixels.

# %%
model, codes = linear[0], planes["linear, seed 0"]
error = metrics.mean_squared_error(x_test, predict(model, x_test))
best = [np.flatnonzero(y_test == digit)[error[y_test == digit].argmin()] for digit in range(10)]


def mix(values, start, end, steps=10):
    """Points on the straight line between two rows of `values`."""
    share = np.linspace(0, 1, steps)[:, None]
    return (1 - share) * values[start] + share * values[end]


# %% mystnb={"image": {"alt": "Two pairs of rows. Decoded path from 0 to 7: single blurred shapes that change step by step from a 0 through shapes like 3 or 9 to a 7. Its cross-fade: the 7 appears over the fading 0, both visible at once in the middle. The same for the path from 6 to 1."}}
rows = {}
for start, end in ((0, 7), (6, 1)):
    rows[f"{start} to {end},\ndecoded"] = predict(model.decoder, mix(codes, best[start], best[end]))
    rows[f"{start} to {end},\ncross-fade"] = mix(x_test, best[start], best[end])
plots.image_rows(rows, title="Straight paths in the plane, and in pixels")

# %% [markdown]
# Half-way through the cross-fade you see both digits, one on the other, both pale. The decoded path shows one shape at
# every step, and where it crosses the territory of a third digit, it shows that digit: the straight line from 0 to 7 is
# the shortest way on the map, and no gradual change of a 0 into a 7 was ever asked for.
#
# How digit-like are images half-way? Give it two numbers. *Strangeness*: the squared distance to the nearest training
# image, divided by the image's own squared length, so that pale and bright images count alike. *Grey pixels*: of the
# pixels above 0.1, the share that stays below 0.9. Blur is grey. Real test images give the scale for both.

# %%
references = NearestNeighbors(n_neighbors=1).fit(x_train[:20_000])


def strangeness(images):
    """Median strangeness of the images, and the digit of each one's nearest training image."""
    distance, index = references.kneighbors(images)
    return np.median(distance[:, 0] ** 2 / (images**2).sum(axis=1)), mnist.y_train[index[:, 0]]


def grey_pixels(images):
    return ((images > 0.1) & (images < 0.9)).sum() / (images > 0.1).sum()


# %%
starts, ends = rng.choice(len(x_test), (2, 500), replace=False)
images = {
    "test images": x_test[starts],
    "their reconstructions": predict(model, x_test[starts]),
    "half-way, averaged pixels": (x_test[starts] + x_test[ends]) / 2,
    "half-way, decoded": predict(model.decoder, (codes[starts] + codes[ends]) / 2),
}
halfway = pd.DataFrame(
    {name: {"strangeness": strangeness(x)[0], "grey pixels": grey_pixels(x)} for name, x in images.items()}
).T
halfway.round(3)

# %% [markdown]
# By these numbers the path through the plane is no triumph. A decoding half-way is about as far from any real digit as
# the averaged pixels are, for another reason: one is a blur, the other two digits at once. The middle of the plane is
# its crowd, most straight lines cross it, and there the decoder averages. But the reconstructions themselves are little
# better: what costs most is not leaving the codes, it is having two numbers only.

# %% [markdown]
# ## Through empty regions
#
# Between the arms lie regions without codes. Training never asked the decoder anything there. Find a path through
# such a region: of all lines between 300 test codes, take the one that goes farthest from every training code.
#
# > **Predict first.** What will the decoder draw in the middle of that path: a blur, noise, or a digit? Will it be more
# > or less grey than where the codes are?

# %%
tree = KDTree(predict(model.encoder, x_train))
low, high = np.percentile(codes, [1, 99], axis=0)
diagonal = np.hypot(*(high - low))


def emptiness(points):
    """Distance to the nearest training code, as a share of the plane's diagonal (1st to 99th percentiles)."""
    return tree.query(points)[0] / diagonal


lines = np.array(list(combinations(range(300), 2)))
shares = np.linspace(0, 1, 13)[:, None, None]
points = (1 - shares) * codes[lines[:, 0]] + shares * codes[lines[:, 1]]
start, end = lines[emptiness(points).max(axis=0).argmax()]

# %% mystnb={"image": {"alt": "Two rows of ten images. The decoded path starts and ends with plain digits; in the middle, where the distance written below is largest, the shapes have strong black and white contrast and look like digits or like broken pieces of digits, and are no more blurred than at the ends. The cross-fade below shows two pale digits on top of each other."}}
across = mix(codes, start, end)
plots.image_rows(
    {"decoded": predict(model.decoder, across), "cross-fade": mix(x_test, start, end)},
    title="A path through an empty region; below: distance to the nearest code, % of the diagonal",
    captions={"decoded": [f"{100 * distance:.1f}" for distance in emptiness(across)]},
)

# %% [markdown]
# The void is not grey. To see whether that is this path's luck, throw 1,000 points into the plane's rectangle, and sort
# them by how far the nearest training code is.

# %%
thrown = np.random.default_rng(SEED).uniform(low, high, (1000, 2))
thrown_images, empty = predict(model.decoder, thrown), emptiness(thrown)
regions = {
    "codes of test images": images["their reconstructions"],
    "closer than 0.2 %": thrown_images[empty < 0.002],
    "0.2 to 1 %": thrown_images[(empty >= 0.002) & (empty < 0.01)],
    "farther than 1 %": thrown_images[empty >= 0.01],
}
void = pd.DataFrame(
    {name: {"strangeness": strangeness(x)[0], "grey pixels": grey_pixels(x)} for name, x in regions.items()}
).T
void.insert(0, "images", [len(x) for x in regions.values()])
void.round(3)

# %% [markdown]
# Against what one might expect, decodings in the empty regions are *less* grey and *less* strange than those of real
# codes. The blur is where the codes are, because there several digits share a place and the decoder has to average.
# In the void nobody disagrees.
#
# Why is it crisp there, rather than noisy? The decoder is made of ReLU layers. Along a ray away from the centre, its
# hidden units switch on or off a few times and then no more. From there on, the input of the output sigmoid is a
# straight line in the distance,
#
# $$ a_j(t) = \alpha_j + \beta_j t, \tag{6.2} $$
#
# and $\mathrm{sigmoid}(a_j(t))$ goes to 0 or to 1 wherever $\beta_j \neq 0$: the farther out, the blacker and whiter. Follow it: multiply
# codes by 2, 4 and 8.

# %% mystnb={"image": {"alt": "Three rows of ten images: decodings of ten codes as they are, and of the same codes multiplied by 2 and by 8. From row to row the images become bolder, with harder edges between black and white; several change into another digit, and some become heavy or broken shapes."}}
factors = (1, 2, 4, 8)
outwards = {factor: predict(model.decoder, factor * codes[starts]) for factor in factors}
plots.image_rows({f"code × {factor}": outwards[factor][:10] for factor in (1, 2, 8)}, title="Outwards from the centre")

# %%
grey_by_factor = pd.Series({factor: grey_pixels(outwards[factor]) for factor in factors}, name="grey pixels")
grey_by_factor.rename_axis("code multiplied by").to_frame().round(3)

# %% [markdown]
# That also fits the long arms: a 1 looks much like the next 1, the decoder can be sure of its pixels, and sure means far
# out. And a crisp image is no sign that there is anything like it in the data. The decoder has no way to say "I have
# never been here". If you need to know, ask the codes: the distance to the nearest one tells it.

# %% [markdown]
# ## What the plane is not
#
# A decoder that draws digits from any two numbers looks like a machine for making digits: pick a point, decode, done.
# Try it with the points thrown above, and count what comes out, by the digit of the nearest training image.

# %%
digits_found = {
    "test images": y_test[starts],
    "reconstructions": strangeness(images["their reconstructions"])[1],
    "thrown points": strangeness(thrown_images)[1],
}
digit_shares = pd.DataFrame(
    {name: np.bincount(found_digits, minlength=10) / len(found_digits) for name, found_digits in digits_found.items()},
    index=digits,
)
digit_shares.T.round(2)

# %%
rarest = digit_shares.apply(lambda column: np.sort(column)[:3].sum())
rarest.to_frame("share of the three rarest digits").round(3)

# %% [markdown]
# Thrown points give 1s and 7s above all, for they own wide stretches of the plane, and hardly any of the digits that
# are crowded into the centre. Even the reconstructions favour some digits: where 4 and 9 share a place, the decoder
# draws what suits both, and the nearest training image of that is more often a 9 than a 4.
#
# To make new digits you need to know where to pick: a distribution over the plane from which codes may be drawn.
# Nothing in the training of an autoencoder provides one. It says where 60,000 images go, and leaves the shape of the
# whole, arms, holes and crowd, to chance. A *generative model* comes with that distribution. A later chapter trains the
# [latent space](glossary.md#latent-space) so that it has one.

# %% [markdown]
# ## Summary
#
# | Idea | What you saw |
# | --- | --- |
# | Digits cluster without labels | Neighbours in the plane share a digit about five times as often as by chance; in PCA's plane less, among raw pixels far more. |
# | Overlaps | 4, 7 and 9 share places, and so do 3, 5 and 8; there the decoder answers with an average, a blur. |
# | ReLU codes | Confined to a quadrant, with a little more error than linear ones. Units go off for all images early, and most come back through the shared hidden layer. |
# | Linear codes | No quadrant, no dead units. |
# | Stable over seeds | Error, neighbour agreement, which digits overlap. |
# | Not stable | Directions, lengths, positions, single neighbours; even the best fit leaves some maps different. |
# | Axes | Any rotation of the codes, undone in the decoder, gives the same reconstructions. |
# | Paths | One shape at each step where a cross-fade shows two, with third digits on the way; half-way a blur, as far from real digits as averaged pixels. |
# | Empty regions | Decoded crisply, more so the farther out, and in a few digits only. Crisp does not mean likely. |
# | Not a generative model | Nothing says where to pick codes; evenly thrown points miss several digits nearly altogether. |

# %% [markdown]
# ## Pitfalls
#
# - **Reading meaning into an axis or a direction.** "Upwards is slant" holds for one seed. Train a second one.
# - **Judging by the picture alone.** Glyphs hide one another, and the eye sees the arms, not the crowd.
#   Count neighbours, and enlarge the crowded corner.
# - **A line or a point in place of a plane.** One ReLU code unit is off for all images, or both are. Check with
#   `(codes == 0).all(axis=0)`, then change the seed or use `code_activation="linear"`.
# - **One seed as evidence.** Two seeds can come out alike by luck, or different by luck.
# - **Taking crisp for real.** Outside the codes, the decoder is crisp because a sigmoid saturates.
# - **Sampling from the plane.** Evenly thrown points, or points from a Gaussian, follow the map's accidents, not the
#   data.

# %% [markdown]
# ## Check your run

# %%
distance_out = pd.Series([np.linalg.norm(relu_codes[y_test == digit], axis=1).mean() for digit in range(10)])
own_share = np.diag(relu_table)
known, chance = agreement["autoencoder, 2 units"], agreement["labels shuffled (chance)"]
checks = {
    "both code units work (if not: try another SEED)": (relu_codes > 0).any(axis=0).all(),
    "two units beat PCA, PCA the mean image": errors.is_monotonic_decreasing and errors.iloc[2] < 0.75 * errors.iloc[0],
    "ReLU codes stay in the quadrant": relu_codes.min() >= 0,
    "the 1s lie farthest out": distance_out.idxmax() == 1,
    "the plane: about five times chance": abs(chance - 0.1) < 0.02 and 4 < known / chance < 6.5,
    "PCA's plane is behind": agreement["PCA, 2 components"] < known - 0.05,
    "pixels are ahead": known < agreement["pixels"] - 0.2,
    "64 components keep the neighbours": agreement["PCA, 64 components"] > agreement["pixels"] - 0.03,
    "0, 1 and 6 keep to themselves, 8 does not": own_share[[0, 1, 6]].min() > 0.5 > own_share[8],
    "no unit is off before training": off_at_start == 0,
    "some are after an epoch, and some come back": 0 < units_off[0].sum() > units_off[3].sum(),
}
for conclusion, holds in checks.items():
    assert holds, f"not so in this run: {conclusion}"
print(f"All {len(checks)} checks passed.")

# %%
by_seed = summary["neighbour agreement"].filter(like="linear").astype(float)
losses, disparity = np.array(list(linear_loss.values())), stability["Procrustes disparity"]
checks = {
    "seeds: error within five per cent": losses.max() < 1.05 * losses.min(),
    "seeds: neighbour agreement within 0.08": np.ptp(by_seed) < 0.08,
    "linear codes rebuild better than ReLU codes": losses.max() < relu_loss[-1],
    "on average their neighbours agree more": by_seed.mean() > summary["neighbour agreement"]["ReLU, seed 0"],
    "4 and 9 are a top pair everywhere": summary["most overlapping pairs"].str.contains("4–9").all(),
    "rotated: codes moved, pixels did not": moved > 1 and changed < 1e-3,
    "the same digits overlap in all networks": stability["overlaps"].iloc[:4].min() > 0.85,
    "seeds: centroid distances alike": stability["centroid distances"].iloc[:3].min() > 0.6,
    "some maps differ however turned": 0.2 < disparity.iloc[:3].max() < 0.9,
    "pairs of seeds differ in that": np.ptp(disparity.iloc[:3]) > 0.1,
    "few common neighbours": 0.02 < stability["common neighbours"].iloc[:3].mean() < 0.4,
    "shuffled: nothing in common": disparity.iloc[-1] > 0.98 and stability["common neighbours"].iloc[-1] < 0.01,
}
for conclusion, holds in checks.items():
    assert holds, f"not so in this run: {conclusion}"
print(f"All {len(checks)} checks passed.")

# %%
real, rebuilt_codes, averaged, decoded = halfway["strangeness"]
crowd, far = void.iloc[0], void.iloc[-1]
thrown_shares = digit_shares["thrown points"]
checks = {
    "reconstructions are stranger than digits, and grey": rebuilt_codes > 1.3 * real and crowd["grey pixels"] > 0.9,
    "half-way: decoded and averaged about equally strange": abs(decoded / averaged - 1) < 0.25,
    "half-way: little stranger than reconstructions": abs(decoded / rebuilt_codes - 1) < 0.3,
    "the path crosses a void": emptiness(across).max() > 0.03,
    "the void is less grey than the crowd": far["grey pixels"] < crowd["grey pixels"] - 0.05,
    "the void is less strange than the crowd": far["strangeness"] < crowd["strangeness"],
    "farther out, less grey": grey_by_factor.is_monotonic_decreasing,
    "thrown points: 1s or 7s above all": thrown_shares.idxmax() in (1, 7) and thrown_shares[[1, 7]].sum() > 0.35,
    "reconstructions show more 9s than 4s": digit_shares["reconstructions"][9] > digit_shares["reconstructions"][4],
    "thrown points miss digits": rarest["thrown points"] < 0.1 < 0.2 < rarest["test images"],
}
for conclusion, holds in checks.items():
    assert holds, f"not so in this run: {conclusion}"
print(f"All {len(checks)} checks passed.")

# %% [markdown]
# ## Exercises
#
# 1. ★ Draw the decoded grid of a linear model with `plots.plane_and_grid`, beside its codes. Where are the blurred
#    cells, and where are the codes?
# 2. ★ Equation (6.1) needs only a matrix that has an inverse. Try one that stretches one direction tenfold. What happens
#    to the reconstructions, and what to the neighbour agreement?
# 3. ★★ Train the plane with `hidden=(512, 256, 128)`. How much does depth help the error and the neighbour agreement?
#    Do 4 and 9 come apart?
# 4. ★★ Kill both units: give the code layer of a fresh ReLU model a bias of −1000 and train one epoch. Which weights
#    changed? Compare the output with the mean image. Then kill one unit only, and find out whether it comes back.
# 5. ★★ Draw codes from a Gaussian with the mean and the covariance of the training codes, decode them, and count
#    digits as above. Is that better than points thrown evenly? Why not good enough?
# 6. ★★★ Between two codes, find a path that stays near codes: a shortest path in the graph of nearest neighbours of
#    5,000 codes. Decode it beside the straight one, and compare emptiness and strangeness along both.

# %% [markdown]
# ## Further reading
#
# - [Hinton and Salakhutdinov (2006)](references.md#hinton-and-salakhutdinov-2006): the plane of a deep autoencoder
#   beside PCA's, on the same digits; the picture that made latent planes known.
# - [Gower (1975)](references.md#gower-1975): Procrustes analysis, for two maps and for many.
# - [van der Maaten and Hinton (2008)](references.md#van-der-maaten-and-hinton-2008): t-SNE, a map made for keeping
#   neighbours, which has no decoder.
# - [Bengio, Courville and Vincent (2013)](references.md#bengio-courville-and-vincent-2013): what one may want of a
#   representation, and what autoencoders give of it.
# - [Kingma and Welling (2013)](references.md#kingma-and-welling-2013): the variational autoencoder, whose latent space
#   comes with a distribution.

# %% [markdown]
# ## Next
#
# This is the end of Part II. You have built an autoencoder, trained it to clean noise, chosen the size of its code and
# looked inside. The chapters on its variants and uses build on these.
