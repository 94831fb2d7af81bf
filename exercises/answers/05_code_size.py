# %% task-1 wrong: sums over the pixels in place of the mean
def pca_errors(eigenvalues):
    largest_first = eigenvalues[::-1]
    return np.array([largest_first[m:].sum() for m in range(len(eigenvalues) + 1)])


# %% task-1 wrong: adds up what is kept
def pca_errors(eigenvalues):
    return np.concatenate([[0], np.cumsum(eigenvalues[::-1])]) / len(eigenvalues)


# %% task-1 wrong: takes the eigenvalues as if the largest came first
def pca_errors(eigenvalues):
    return np.array([eigenvalues[m:].sum() for m in range(len(eigenvalues) + 1)]) / len(eigenvalues)


# %% task-1 wrong: has no entry for zero components
def pca_errors(eigenvalues):
    return (eigenvalues.sum() - np.cumsum(eigenvalues[::-1])) / len(eigenvalues)


# %% task-1 wrong: averages over the discarded eigenvalues
def pca_errors(eigenvalues):
    largest_first = eigenvalues[::-1]
    return np.array([largest_first[m:].mean() for m in range(len(eigenvalues))] + [0.0])


# %% task-1 wrong: supposes 784 pixels
def pca_errors(eigenvalues):
    largest_first = eigenvalues[::-1]
    return np.array([largest_first[m:].sum() for m in range(len(eigenvalues) + 1)]) / 784


# %% task-1 wrong: a slice that is empty for zero components
def pca_errors(eigenvalues):
    d = len(eigenvalues)
    return np.array([eigenvalues[: d - m].sum() if m else 0.0 for m in range(d + 1)]) / d


# %% task-1 right: a triangular matrix times the eigenvalues
def pca_errors(eigenvalues):
    d = len(eigenvalues)
    return np.vstack([np.tri(d)[::-1], np.zeros(d)]) @ eigenvalues / d


# %% task-2 wrong: variances divided by n
def compare(errors_a, errors_b):
    difference = errors_b.mean() - errors_a.mean()
    standard_error = np.sqrt(errors_a.var() / len(errors_a) + errors_b.var() / len(errors_b))
    margin = t_factor(min(len(errors_a), len(errors_b)) - 1) * standard_error
    return {
        "difference": difference,
        "standard_error": standard_error,
        "low": difference - margin,
        "high": difference + margin,
    }


# %% task-2 wrong: the spread of single runs in place of the standard error
def compare(errors_a, errors_b):
    difference = errors_b.mean() - errors_a.mean()
    standard_error = np.sqrt(errors_a.var(ddof=1) + errors_b.var(ddof=1))
    margin = t_factor(min(len(errors_a), len(errors_b)) - 1) * standard_error
    return {
        "difference": difference,
        "standard_error": standard_error,
        "low": difference - margin,
        "high": difference + margin,
    }


# %% task-2 wrong: adds the two standard errors
def compare(errors_a, errors_b):
    difference = errors_b.mean() - errors_a.mean()
    standard_error = stats.sem(errors_a) + stats.sem(errors_b)
    margin = t_factor(min(len(errors_a), len(errors_b)) - 1) * standard_error
    return {
        "difference": difference,
        "standard_error": standard_error,
        "low": difference - margin,
        "high": difference + margin,
    }


# %% task-2 wrong: two standard errors to each side, however few the runs
def compare(errors_a, errors_b):
    difference = errors_b.mean() - errors_a.mean()
    standard_error = np.hypot(stats.sem(errors_a), stats.sem(errors_b))
    margin = 1.96 * standard_error
    return {
        "difference": difference,
        "standard_error": standard_error,
        "low": difference - margin,
        "high": difference + margin,
    }


# %% task-2 wrong: subtracts runs with equal seeds, as if they were pairs
def compare(errors_a, errors_b):
    differences = errors_b - errors_a
    margin = t_factor(len(differences) - 1) * stats.sem(differences)
    return {
        "difference": differences.mean(),
        "standard_error": stats.sem(differences),
        "low": differences.mean() - margin,
        "high": differences.mean() + margin,
    }


# %% task-2 wrong: the first minus the second
def compare(errors_a, errors_b):
    difference = errors_a.mean() - errors_b.mean()
    standard_error = np.hypot(stats.sem(errors_a), stats.sem(errors_b))
    margin = t_factor(min(len(errors_a), len(errors_b)) - 1) * standard_error
    return {
        "difference": difference,
        "standard_error": standard_error,
        "low": difference - margin,
        "high": difference + margin,
    }


# %% task-2 wrong: degrees of freedom of a pooled test
def compare(errors_a, errors_b):
    difference = errors_b.mean() - errors_a.mean()
    standard_error = np.hypot(stats.sem(errors_a), stats.sem(errors_b))
    margin = t_factor(len(errors_a) + len(errors_b) - 2) * standard_error
    return {
        "difference": difference,
        "standard_error": standard_error,
        "low": difference - margin,
        "high": difference + margin,
    }


# %% task-2 wrong: degrees of freedom of the first size only
def compare(errors_a, errors_b):
    difference = errors_b.mean() - errors_a.mean()
    standard_error = np.hypot(stats.sem(errors_a), stats.sem(errors_b))
    margin = t_factor(len(errors_a) - 1) * standard_error
    return {
        "difference": difference,
        "standard_error": standard_error,
        "low": difference - margin,
        "high": difference + margin,
    }


# %% task-2 right: sums written out, without NumPy
def compare(errors_a, errors_b):
    means, variances = [], []
    for errors in (errors_a, errors_b):
        n = len(errors)
        mean = sum(errors) / n
        means.append(mean)
        variances.append(sum((error - mean) ** 2 for error in errors) / (n - 1) / n)
    result = {"high": 0.0, "low": 0.0, "standard_error": sum(variances) ** 0.5, "difference": means[1] - means[0]}
    t = t_factor(min(len(errors_a), len(errors_b)) - 1)
    result["high"] = float(result["difference"] + t * result["standard_error"])
    result["low"] = float(result["difference"] - t * result["standard_error"])
    return result


# %% task-3 wrong: the best run of a size decides in place of the mean
def smallest_code(sizes, seeds, errors, target):
    meets = errors <= target
    if not meets.any():
        return None
    size = sizes[meets].min()
    runs = sizes == size
    least = errors[runs].min()
    return int(size), int(seeds[runs & (errors == least)].min())


# %% task-3 wrong: the size with the least error
def smallest_code(sizes, seeds, errors, target):
    means = {size: errors[sizes == size].mean() for size in np.unique(sizes)}
    size = min(means, key=means.get)
    if means[size] > target:
        return None
    runs = sizes == size
    return int(size), int(seeds[runs][np.argmin(errors[runs])])


# %% task-3 wrong: an error equal to the target does not meet it
def smallest_code(sizes, seeds, errors, target):
    for size in np.unique(sizes):
        runs = sizes == size
        if errors[runs].mean() < target:
            return int(size), int(seeds[runs & (errors == errors[runs].min())].min())
    return None


# %% task-3 wrong: goes down from the largest size and stops at the first that misses
def smallest_code(sizes, seeds, errors, target):
    chosen = None
    for size in np.unique(sizes)[::-1]:
        runs = sizes == size
        if errors[runs].mean() > target:
            break
        chosen = int(size), int(seeds[runs & (errors == errors[runs].min())].min())
    return chosen


# %% task-3 wrong: takes the nearest size where none meets the target
def smallest_code(sizes, seeds, errors, target):
    means = {size: errors[sizes == size].mean() for size in np.unique(sizes)}
    meeting = [size for size, mean in means.items() if mean <= target]
    size = min(meeting) if meeting else min(means, key=means.get)
    runs = sizes == size
    return int(size), int(seeds[runs & (errors == errors[runs].min())].min())


# %% task-3 wrong: the place of the best run among those of its size, not its seed
def smallest_code(sizes, seeds, errors, target):
    for size in np.unique(sizes):
        runs = sizes == size
        if errors[runs].mean() <= target:
            return int(size), int(np.argmin(errors[runs]))
    return None


# %% task-3 wrong: of runs that tie, the first in the table
def smallest_code(sizes, seeds, errors, target):
    for size in np.unique(sizes):
        runs = sizes == size
        if errors[runs].mean() <= target:
            return int(size), int(seeds[runs][np.argmin(errors[runs])])
    return None


# %% task-3 wrong: the median in place of the mean
def smallest_code(sizes, seeds, errors, target):
    for size in np.unique(sizes):
        runs = sizes == size
        if np.median(errors[runs]) <= target:
            return int(size), int(seeds[runs & (errors == errors[runs].min())].min())
    return None


# %% task-3 wrong: supposes as many runs of every size
def smallest_code(sizes, seeds, errors, target):
    distinct = np.unique(sizes)
    order = np.lexsort((seeds, sizes))
    table, ranked = errors[order].reshape(len(distinct), -1), seeds[order].reshape(len(distinct), -1)
    meets = table.mean(axis=1) <= target
    if not meets.any():
        return None
    row = np.argmax(meets)
    return int(distinct[row]), int(ranked[row, np.argmin(table[row])])


# %% task-3 right: with pandas
def smallest_code(sizes, seeds, errors, target):
    table = pd.DataFrame({"size": sizes, "error": errors, "seed": seeds})
    means = table.groupby("size")["error"].mean()
    meeting = means.index[means <= target]
    if len(meeting) == 0:
        return None
    best = table[table["size"] == meeting[0]].sort_values(["error", "seed"]).iloc[0]
    return meeting[0], np.int64(best["seed"])


# %% task-4 wrong: rounds to 2**bits levels that include both ends
def quantise(codes, low, high, bits):
    step = (high - low) / (2**bits - 1)
    cells = np.round((codes - low) / np.where(step > 0, step, 1)).clip(0, 2**bits - 1)
    return low + cells * step


def bits_per_image(low, high, bits):
    return int(bits * np.sum(high > low))


# %% task-4 wrong: the lower edge of a cell in place of its midpoint
def quantise(codes, low, high, bits):
    width = (high - low) / 2**bits
    cells = np.floor((codes - low) / np.where(width > 0, width, 1)).clip(0, 2**bits - 1)
    return low + cells * width


def bits_per_image(low, high, bits):
    return int(bits * np.sum(high > low))


# %% task-4 wrong: the interval of the codes at hand
def quantise(codes, low, high, bits):
    low, high = codes.min(axis=0), codes.max(axis=0)
    width = (high - low) / 2**bits
    cells = np.floor((codes - low) / np.where(width > 0, width, 1)).clip(0, 2**bits - 1)
    return low + (cells + 0.5) * width


def bits_per_image(low, high, bits):
    return int(bits * np.sum(high > low))


# %% task-4 wrong: one interval for all units
def quantise(codes, low, high, bits):
    width = (high.max() - low.min()) / 2**bits
    cells = np.floor((codes - low.min()) / width).clip(0, 2**bits - 1)
    return low.min() + (cells + 0.5) * width


def bits_per_image(low, high, bits):
    return int(bits * np.sum(high > low))


# %% task-4 wrong: the top of the interval gets a cell of its own
def quantise(codes, low, high, bits):
    width = (high - low) / 2**bits
    codes = codes.clip(low, high)
    cells = np.floor((codes - low) / np.where(width > 0, width, 1))
    return low + (cells + 0.5) * width


def bits_per_image(low, high, bits):
    return int(bits * np.sum(high > low))


# %% task-4 wrong: divides by a dead unit's width
def quantise(codes, low, high, bits):
    width = (high - low) / 2**bits
    with np.errstate(all="ignore"):
        cells = np.floor((codes - low) / width).clip(0, 2**bits - 1)
    return low + (cells + 0.5) * width


def bits_per_image(low, high, bits):
    return int(bits * np.sum(high > low))


# %% task-4 wrong: leaves dead units as they are
def quantise(codes, low, high, bits):
    rebuilt = codes.copy()
    for unit in np.flatnonzero(high > low):
        width = (high[unit] - low[unit]) / 2**bits
        cells = np.floor((codes[:, unit] - low[unit]) / width).clip(0, 2**bits - 1)
        rebuilt[:, unit] = low[unit] + (cells + 0.5) * width
    return rebuilt


def bits_per_image(low, high, bits):
    return int(bits * np.sum(high > low))


# %% task-4 wrong: the cells' numbers in 8 bits, which wrap round
def quantise(codes, low, high, bits):
    width = (high - low) / 2**bits
    cells = np.floor((codes - low) / np.where(width > 0, width, 1)).clip(0, 2**bits - 1)
    return low + (cells.astype(np.int64).astype(np.uint8) + 0.5) * width


def bits_per_image(low, high, bits):
    return int(bits * np.sum(high > low))


# %% task-4 wrong: counts dead units
def quantise(codes, low, high, bits):
    width = (high - low) / 2**bits
    cells = np.floor((codes - low) / np.where(width > 0, width, 1)).clip(0, 2**bits - 1)
    return low + (cells + 0.5) * width


def bits_per_image(low, high, bits):
    return bits * len(low)


# %% task-4 wrong: takes units whose interval begins at 0 for dead ones
def quantise(codes, low, high, bits):
    width = (high - low) / 2**bits
    cells = np.floor((codes - low) / np.where(width > 0, width, 1)).clip(0, 2**bits - 1)
    return low + (cells + 0.5) * width


def bits_per_image(low, high, bits):
    return int(bits * np.count_nonzero(low))


# %% task-4 right: looks the cell up among the inner edges, unit by unit
def quantise(codes, low, high, bits):
    rebuilt = np.empty(codes.shape)
    for unit, values in enumerate(codes.T):
        edges = np.linspace(low[unit], high[unit], 2**bits + 1)
        midpoints = (edges[1:] + edges[:-1]) / 2
        rebuilt[:, unit] = midpoints[np.searchsorted(edges[1:-1], values, side="right")]
    return rebuilt


def bits_per_image(low, high, bits):
    return sum(bits for a, b in zip(low, high, strict=True) if a != b)


# %% task-5 wrong: the chapter's recipe
small_model = models.dense_autoencoder(8, seed=0)
training.fit(small_model, x_train, epochs=5, batch_size=250, seed=0)

# %% task-5 wrong: a code of 16 units
small_model = models.dense_autoencoder(16, code_activation="linear", seed=0)
training.fit(small_model, x_train, epochs=5, batch_size=100, seed=0)

# %% task-5 wrong: not trained
small_model = models.dense_autoencoder(8, hidden=(256,), code_activation="linear", seed=0)

# %% task-5 wrong: no hidden layers
small_model = models.dense_autoencoder(8, hidden=(), code_activation="linear", seed=0)
training.fit(small_model, x_train, epochs=3, batch_size=100, seed=0)

# %% task-5 wrong: many epochs on few images
small_model = models.dense_autoencoder(8, hidden=(256,), code_activation="linear", seed=0)
training.fit(small_model, x_train[:500], epochs=80, batch_size=20, seed=0)

# %% task-5 wrong: the history in place of the model
small_model = history

# %% task-5 wrong: the encoder in place of the whole model
small_model = small_model.encoder

# %% task-5 wrong: a code that says nothing yet
small_model = models.dense_autoencoder(8, hidden=(256, 128), code_activation="tanh", seed=3)
training.fit(small_model, x_train, epochs=1, batch_size=250, seed=3, loss="mean_squared_error")

# %% task-5 right: halves put together from Keras layers, with another activation
import keras

keras.utils.set_random_seed(3)
encoder = keras.Sequential([keras.Input((784,)), keras.layers.Dense(256, "gelu"), keras.layers.Dense(8)])
decoder = keras.Sequential([keras.Input((8,)), keras.layers.Dense(256, "gelu"), keras.layers.Dense(784, "sigmoid")])
small_model = models.Autoencoder(encoder, decoder)
training.fit(small_model, x_train, epochs=6, batch_size=100, seed=3)
