# Answers to sheet 11: mistakes that students make, which have to be caught, and unusual right answers, which have to pass.


# %% task-1 wrong: leaves ties out
def auc(anomalous, normal):
    return (anomalous[:, None] > normal[None]).mean()


# %% task-1 wrong: ties count as whole pairs
def auc(anomalous, normal):
    return (anomalous[:, None] >= normal[None]).mean()


# %% task-1 wrong: the wrong way round
def auc(anomalous, normal):
    return (normal[:, None] > anomalous[None]).mean() + (normal[:, None] == anomalous[None]).mean() / 2


# %% task-1 wrong: counts pairs and does not divide
def auc(anomalous, normal):
    return np.sum(anomalous[:, None] > normal) + np.sum(anomalous[:, None] == normal) / 2


# %% task-1 wrong: compares the means
def auc(anomalous, normal):
    return float(anomalous.mean() > normal.mean())


# %% task-1 wrong: compares the two arrays element by element
def auc(anomalous, normal):
    return (anomalous > normal).mean() + (anomalous == normal).mean() / 2


# %% task-1 wrong: a share for each anomaly
def auc(anomalous, normal):
    return (anomalous[:, None] > normal).mean(axis=1) + (anomalous[:, None] == normal).mean(axis=1) / 2


# %% task-1 wrong: the accuracy at the best threshold
def auc(anomalous, normal):
    both = np.concatenate([anomalous, normal])
    return max(((anomalous > t).sum() + (normal <= t).sum()) / len(both) for t in both)


# %% task-1 right: from ranks
def auc(anomalous, normal):
    from scipy.stats import rankdata

    a, n = len(anomalous), len(normal)
    return (rankdata(np.concatenate([anomalous, normal]))[:a].sum() - a * (a + 1) / 2) / (a * n)


# %% task-1 right: half the sign, for one anomaly at a time
def auc(anomalous, normal):
    return sum(float(np.mean(np.sign(score - normal))) for score in anomalous) / len(anomalous) / 2 + 0.5


# %% task-2 wrong: the share of normal scores, without the image itself
def p_values(scores, normal_scores):
    return (normal_scores[None] >= scores[:, None]).mean(axis=1)


def alarms(scores, normal_scores, rate):
    return p_values(scores, normal_scores) <= rate


# %% task-2 wrong: counts itself in the denominator only
def p_values(scores, normal_scores):
    return (normal_scores[None] >= scores[:, None]).sum(axis=1) / (len(normal_scores) + 1)


def alarms(scores, normal_scores, rate):
    return p_values(scores, normal_scores) <= rate


# %% task-2 wrong: counts itself in the numerator only
def p_values(scores, normal_scores):
    return (1 + (normal_scores[None] >= scores[:, None]).sum(axis=1)) / len(normal_scores)


def alarms(scores, normal_scores, rate):
    return p_values(scores, normal_scores) <= rate


# %% task-2 wrong: leaves equal scores out
def p_values(scores, normal_scores):
    return (1 + (normal_scores[None] > scores[:, None]).sum(axis=1)) / (len(normal_scores) + 1)


def alarms(scores, normal_scores, rate):
    return p_values(scores, normal_scores) <= rate


# %% task-2 wrong: the share below, which is large for strange images
def p_values(scores, normal_scores):
    return (1 + (normal_scores[None] < scores[:, None]).sum(axis=1)) / (len(normal_scores) + 1)


def alarms(scores, normal_scores, rate):
    return p_values(scores, normal_scores) <= rate


# %% task-2 wrong: alarms where the p-value is large
def p_values(scores, normal_scores):
    return (1 + (normal_scores[None] >= scores[:, None]).sum(axis=1)) / (len(normal_scores) + 1)


def alarms(scores, normal_scores, rate):
    return p_values(scores, normal_scores) >= 1 - rate


# %% task-2 wrong: alarms by a quantile of the normal scores
def p_values(scores, normal_scores):
    return (1 + (normal_scores[None] >= scores[:, None]).sum(axis=1)) / (len(normal_scores) + 1)


def alarms(scores, normal_scores, rate):
    return scores > np.quantile(normal_scores, 1 - rate)


# %% task-2 wrong: a p-value that equals the rate raises no alarm
def p_values(scores, normal_scores):
    return (1 + (normal_scores[None] >= scores[:, None]).sum(axis=1)) / (len(normal_scores) + 1)


def alarms(scores, normal_scores, rate):
    return p_values(scores, normal_scores) < rate


# %% task-2 wrong: numbers in place of True and False
def p_values(scores, normal_scores):
    return (1 + (normal_scores[None] >= scores[:, None]).sum(axis=1)) / (len(normal_scores) + 1)


def alarms(scores, normal_scores, rate):
    return np.where(p_values(scores, normal_scores) <= rate, 1, 0)


# %% task-2 wrong: aelib's threshold, which refuses a rate that no alarm can keep
def p_values(scores, normal_scores):
    return (1 + (normal_scores[None] >= scores[:, None]).sum(axis=1)) / (len(normal_scores) + 1)


def alarms(scores, normal_scores, rate):
    return scores > anomaly.threshold(normal_scores, rate)


# %% task-2 wrong: looks the places up in scores that are in no order
def p_values(scores, normal_scores):
    at_least = len(normal_scores) - np.searchsorted(normal_scores, scores, side="left")
    return (1 + at_least) / (len(normal_scores) + 1)


def alarms(scores, normal_scores, rate):
    return p_values(scores, normal_scores) <= rate


# %% task-2 right: places in the sorted scores, and whole numbers for the alarms
def p_values(scores, normal_scores):
    below = np.searchsorted(np.sort(normal_scores), scores, side="left")
    return 1 - below / (len(normal_scores) + 1)


def alarms(scores, normal_scores, rate):
    return np.array(
        [1 + sum(normal_scores >= score) <= rate * (len(normal_scores) + 1) for score in scores], dtype=bool
    )


# %% task-3 wrong: forgets to take the mean away
def off_and_out(x, mean, axes, variances):
    z = x @ axes.T
    return (x**2).sum(axis=1) - (z**2).sum(axis=1), (z**2 / variances).sum(axis=1)


# %% task-3 wrong: takes the mean away for one of the two only
def off_and_out(x, mean, axes, variances):
    z = x @ axes.T
    rest = (x - mean) - (x - mean) @ axes.T @ axes
    return (rest**2).sum(axis=1), (z**2 / variances).sum(axis=1)


# %% task-3 wrong: divides by standard deviations
def off_and_out(x, mean, axes, variances):
    z = (x - mean) @ axes.T
    rest = (x - mean) - z @ axes
    return (rest**2).sum(axis=1), (z**2 / np.sqrt(variances)).sum(axis=1)


# %% task-3 wrong: does not divide, so that all axes count alike
def off_and_out(x, mean, axes, variances):
    z = (x - mean) @ axes.T
    rest = (x - mean) - z @ axes
    return (rest**2).sum(axis=1), (z**2).sum(axis=1)


# %% task-3 wrong: multiplies by the variances
def off_and_out(x, mean, axes, variances):
    z = (x - mean) @ axes.T
    rest = (x - mean) - z @ axes
    return (rest**2).sum(axis=1), (z**2 * variances).sum(axis=1)


# %% task-3 wrong: distances in place of their squares
def off_and_out(x, mean, axes, variances):
    z = (x - mean) @ axes.T
    return np.linalg.norm(x - mean - z @ axes, axis=1), np.linalg.norm(z / np.sqrt(variances), axis=1)


# %% task-3 wrong: the distance to the mean image, with what the plane explains
def off_and_out(x, mean, axes, variances):
    z = (x - mean) @ axes.T
    return ((x - mean) ** 2).sum(axis=1), (z**2 / variances).sum(axis=1)


# %% task-3 wrong: mean squared error
def off_and_out(x, mean, axes, variances):
    z = (x - mean) @ axes.T
    rest = (x - mean) - z @ axes
    return (rest**2).mean(axis=1), (z**2 / variances).sum(axis=1)


# %% task-3 wrong: the pair the other way round
def off_and_out(x, mean, axes, variances):
    z = (x - mean) @ axes.T
    rest = (x - mean) - z @ axes
    return (z**2 / variances).sum(axis=1), (rest**2).sum(axis=1)


# %% task-3 wrong: takes the axes for columns
def off_and_out(x, mean, axes, variances):
    z = (x - mean) @ axes
    return ((x - mean) ** 2).sum(axis=1) - (z**2).sum(axis=1), (z**2 / variances).sum(axis=1)


# %% task-3 right: with quadratic forms
def off_and_out(x, mean, axes, variances):
    d = x.shape[1]
    outside = np.eye(d) - axes.T @ axes
    inside = axes.T @ np.diag(1 / variances) @ axes
    return tuple(np.einsum("ni,ij,nj->n", x - mean, form, x - mean, optimize=True) for form in (outside, inside))


# %% task-4 wrong: row and column swapped
def locate(x, x_hat, size):
    squared = ((x - x_hat) ** 2).reshape(-1, 28, 28)
    totals = np.lib.stride_tricks.sliding_window_view(squared, (size, size), axis=(1, 2)).sum(axis=(3, 4))
    best = totals.reshape(len(totals), -1).argmax(axis=1)
    return np.stack([best % (29 - size), best // (29 - size)], axis=1)


# %% task-4 wrong: the place in a table of 28 columns
def locate(x, x_hat, size):
    squared = ((x - x_hat) ** 2).reshape(-1, 28, 28)
    totals = np.lib.stride_tricks.sliding_window_view(squared, (size, size), axis=(1, 2)).sum(axis=(3, 4))
    best = totals.reshape(len(totals), -1).argmax(axis=1)
    return np.stack(np.divmod(best, 28), axis=1)


# %% task-4 wrong: differences with their signs
def locate(x, x_hat, size):
    difference = (x - x_hat).reshape(-1, 28, 28)
    totals = np.lib.stride_tricks.sliding_window_view(difference, (size, size), axis=(1, 2)).sum(axis=(3, 4))
    best = totals.reshape(len(totals), -1).argmax(axis=1)
    return np.stack(np.divmod(best, 29 - size), axis=1)


# %% task-4 wrong: absolute differences
def locate(x, x_hat, size):
    difference = np.abs(x - x_hat).reshape(-1, 28, 28)
    totals = np.lib.stride_tricks.sliding_window_view(difference, (size, size), axis=(1, 2)).sum(axis=(3, 4))
    best = totals.reshape(len(totals), -1).argmax(axis=1)
    return np.stack(np.divmod(best, 29 - size), axis=1)


# %% task-4 wrong: the single pixel with the largest error
def locate(x, x_hat, size):
    best = ((x - x_hat) ** 2).argmax(axis=1)
    return np.minimum(np.stack(np.divmod(best, 28), axis=1), 28 - size)


# %% task-4 wrong: the centre of the square
def locate(x, x_hat, size):
    squared = ((x - x_hat) ** 2).reshape(-1, 28, 28)
    totals = np.lib.stride_tricks.sliding_window_view(squared, (size, size), axis=(1, 2)).sum(axis=(3, 4))
    best = totals.reshape(len(totals), -1).argmax(axis=1)
    return np.stack(np.divmod(best, 29 - size), axis=1) + size // 2


# %% task-4 wrong: squares that stick out of the image, from a filter that pads it
def locate(x, x_hat, size):
    from scipy.ndimage import uniform_filter

    means = uniform_filter(((x - x_hat) ** 2).reshape(-1, 28, 28), size=(0, size, size), mode="nearest")
    best = means.reshape(len(means), -1).argmax(axis=1)
    return np.stack(np.divmod(best, 28), axis=1) - size // 2


# %% task-4 wrong: one place for all images together
def locate(x, x_hat, size):
    squared = ((x - x_hat) ** 2).reshape(-1, 28, 28).sum(axis=0)
    totals = np.lib.stride_tricks.sliding_window_view(squared, (size, size)).sum(axis=(2, 3))
    place = np.array(np.unravel_index(totals.argmax(), totals.shape))
    return np.tile(place, (len(x), 1))


# %% task-4 wrong: leaves the last row and column of places out
def locate(x, x_hat, size):
    squared = ((x - x_hat) ** 2).reshape(-1, 28, 28)
    places = [(top, left) for top in range(28 - size) for left in range(28 - size)]
    totals = [squared[:, top : top + size, left : left + size].sum(axis=(1, 2)) for top, left in places]
    return np.array(places)[np.argmax(totals, axis=0)]


# %% task-4 right: running sums
def locate(x, x_hat, size):
    sums = np.zeros((len(x), 29, 29))
    sums[:, 1:, 1:] = ((x - x_hat) ** 2).reshape(-1, 28, 28).astype(float).cumsum(axis=1).cumsum(axis=2)
    totals = sums[:, size:, size:] - sums[:, :-size, size:] - sums[:, size:, :-size] + sums[:, :-size, :-size]
    return np.array([np.unravel_index(table.argmax(), table.shape) for table in totals])


# %% task-5 wrong: the reconstruction error, which is to be beaten
def my_scores(x):
    return metrics.mean_squared_error(x, predict(network, x))


# %% task-5 wrong: strange images get small scores
def my_scores(x):
    return -anomaly.nearest_normals(predict(network.encoder, x), predict(network.encoder, x_train))[0].mean(axis=1)


# %% task-5 wrong: True and False at a threshold
def my_scores(x):
    distances, _ = anomaly.nearest_normals(predict(network.encoder, x), predict(network.encoder, x_train))
    return distances.mean(axis=1) > 5


# %% task-5 wrong: in units of the images that are scored with it
def my_scores(x):
    distances, _ = anomaly.nearest_normals(predict(network.encoder, x), predict(network.encoder, x_train))
    score = distances.mean(axis=1)
    return (score - score.mean()) / score.std()


# %% task-5 wrong: a table of distances in place of one score
def my_scores(x):
    return anomaly.nearest_normals(predict(network.encoder, x), predict(network.encoder, x_train))[0]


# %% task-5 wrong: a detector of dresses, from the dresses
def my_scores(x):
    return -anomaly.nearest_normals(predict(network.encoder, x), predict(network.encoder, dresses))[0].mean(axis=1)


# %% task-5 wrong: the ink
def my_scores(x):
    return x.sum(axis=1)


# %% task-5 right: error and distance added up, each in its own units; neighbours by matrix products
def my_scores(x):
    known = predict(network.encoder, x_train[2000:8000])

    def both(images):
        codes = predict(network.encoder, images)
        squares = (codes**2).sum(axis=1)[:, None] + (known**2).sum(axis=1) - 2 * codes @ known.T
        distance = np.sqrt(np.maximum(np.partition(squares, 4, axis=1)[:, :5], 0)).mean(axis=1)
        return np.stack([metrics.mean_squared_error(images, predict(network, images)), distance], axis=1)

    usual = both(x_train[:2000])
    return ((both(x) - usual.mean(axis=0)) / usual.std(axis=0)).sum(axis=1)
