# Answers to sheet 6: mistakes that students make, which have to be caught, and unusual right answers, which have to pass.


# %% task-1 wrong: leaves the end of the path out
def path(start, end, steps):
    share = np.linspace(0, 1, steps, endpoint=False)[:, None]
    return (1 - share) * start + share * end


def gap(points, codes):
    return np.linalg.norm(points[:, None] - codes[None], axis=2).min(axis=1).max()


# %% task-1 wrong: begins at the end, since the shares are swapped
def path(start, end, steps):
    share = np.linspace(0, 1, steps)[:, None]
    return share * start + (1 - share) * end


def gap(points, codes):
    return np.linalg.norm(points[:, None] - codes[None], axis=2).min(axis=1).max()


# %% task-1 wrong: the mean over the points in place of the largest
def path(start, end, steps):
    return np.linspace(start, end, steps)


def gap(points, codes):
    return np.linalg.norm(points[:, None] - codes[None], axis=2).min(axis=1).mean()


# %% task-1 wrong: the nearest point for each code in place of the nearest code for each point
def path(start, end, steps):
    return np.linspace(start, end, steps)


def gap(points, codes):
    return np.linalg.norm(points[:, None] - codes[None], axis=2).min(axis=0).max()


# %% task-1 wrong: squared distance
def path(start, end, steps):
    return np.linspace(start, end, steps)


def gap(points, codes):
    return ((points[:, None] - codes[None]) ** 2).sum(axis=2).min(axis=1).max()


# %% task-1 wrong: the norm over both axes of the differences' last two axes, so the largest distance of all
def path(start, end, steps):
    return np.linspace(start, end, steps)


def gap(points, codes):
    return np.linalg.norm(points[:, None] - codes[None], axis=2).max()


# %% task-1 wrong: looks at the inner points only
def path(start, end, steps):
    return np.linspace(start, end, steps)


def gap(points, codes):
    inner = points[1:-1] if len(points) > 2 else points
    return np.linalg.norm(inner[:, None] - codes[None], axis=2).min(axis=1).max()


# %% task-1 right: a search tree, and complex numbers for the path
def path(start, end, steps):
    line = np.linspace(complex(*start), complex(*end), steps)
    return np.stack([line.real, line.imag], axis=1)


def gap(points, codes):
    from scipy.spatial import KDTree

    return float(max(KDTree(codes).query(points)[0]))


# %% task-2 wrong: upside down
def grid_codes(low, high, columns, rows):
    across = low[0] + (np.arange(columns) + 0.5) * (high[0] - low[0]) / columns
    up = low[1] + (np.arange(rows) + 0.5) * (high[1] - low[1]) / rows
    return np.array([(x, y) for y in up for x in across])


def mosaic(images, columns, rows):
    return images.reshape(rows, columns, 28, 28).swapaxes(1, 2).reshape(28 * rows, 28 * columns)


# %% task-2 wrong: column by column
def grid_codes(low, high, columns, rows):
    across = low[0] + (np.arange(columns) + 0.5) * (high[0] - low[0]) / columns
    up = low[1] + (np.arange(rows) + 0.5) * (high[1] - low[1]) / rows
    return np.array([(x, y) for x in across for y in up[::-1]])


def mosaic(images, columns, rows):
    return images.reshape(rows, columns, 28, 28).swapaxes(1, 2).reshape(28 * rows, 28 * columns)


# %% task-2 wrong: from edge to edge in place of the centres
def grid_codes(low, high, columns, rows):
    x, y = np.meshgrid(np.linspace(low[0], high[0], columns), np.linspace(high[1], low[1], rows))
    return np.stack([x.ravel(), y.ravel()], axis=1)


def mosaic(images, columns, rows):
    return images.reshape(rows, columns, 28, 28).swapaxes(1, 2).reshape(28 * rows, 28 * columns)


# %% task-2 wrong: coordinates as (row, column), like array indices
def grid_codes(low, high, columns, rows):
    across = low[0] + (np.arange(columns) + 0.5) * (high[0] - low[0]) / columns
    up = low[1] + (np.arange(rows) + 0.5) * (high[1] - low[1]) / rows
    return np.array([(y, x) for y in up[::-1] for x in across])


def mosaic(images, columns, rows):
    return images.reshape(rows, columns, 28, 28).swapaxes(1, 2).reshape(28 * rows, 28 * columns)


# %% task-2 wrong: a plain reshape
def grid_codes(low, high, columns, rows):
    across = low[0] + (np.arange(columns) + 0.5) * (high[0] - low[0]) / columns
    up = low[1] + (np.arange(rows) + 0.5) * (high[1] - low[1]) / rows
    return np.array([(x, y) for y in up[::-1] for x in across])


def mosaic(images, columns, rows):
    return images.reshape(28 * rows, 28 * columns)


# %% task-2 wrong: images laid on their sides
def grid_codes(low, high, columns, rows):
    across = low[0] + (np.arange(columns) + 0.5) * (high[0] - low[0]) / columns
    up = low[1] + (np.arange(rows) + 0.5) * (high[1] - low[1]) / rows
    return np.array([(x, y) for y in up[::-1] for x in across])


def mosaic(images, columns, rows):
    return images.reshape(rows, columns, 28, 28).transpose(0, 3, 1, 2).reshape(28 * rows, 28 * columns)


# %% task-2 wrong: fills the mosaic column by column
def grid_codes(low, high, columns, rows):
    across = low[0] + (np.arange(columns) + 0.5) * (high[0] - low[0]) / columns
    up = low[1] + (np.arange(rows) + 0.5) * (high[1] - low[1]) / rows
    return np.array([(x, y) for y in up[::-1] for x in across])


def mosaic(images, columns, rows):
    return images.reshape(columns, rows, 28, 28).transpose(1, 2, 0, 3).reshape(28 * rows, 28 * columns)


# %% task-2 wrong: takes the rectangle for one that begins at the origin, and so its corner for its size
def grid_codes(low, high, columns, rows):
    across = (np.arange(columns) + 0.5) * (high[0] - low[0]) / columns
    up = (np.arange(rows) + 0.5) * (high[1] - low[1]) / rows
    return np.array([(x, y) for y in up[::-1] for x in across])


def mosaic(images, columns, rows):
    return images.reshape(rows, columns, 28, 28).swapaxes(1, 2).reshape(28 * rows, 28 * columns)


# %% task-2 right: means of neighbouring edges, and np.block
def grid_codes(low, high, columns, rows):
    x_edges, y_edges = np.linspace(low[0], high[0], columns + 1), np.linspace(high[1], low[1], rows + 1)
    x, y = np.meshgrid((x_edges[1:] + x_edges[:-1]) / 2, (y_edges[1:] + y_edges[:-1]) / 2)
    return np.c_[x.ravel(), y.ravel()]


def mosaic(images, columns, rows):
    tiles = [image.reshape(28, 28) for image in images]
    return np.block([tiles[row * columns : (row + 1) * columns] for row in range(rows)])


# %% task-3 wrong: each code is its own neighbour
def mixing(codes, labels, k, classes):
    distance = np.hypot(codes[:, None, 0] - codes[None, :, 0], codes[:, None, 1] - codes[None, :, 1])
    shown = labels[np.argsort(distance, axis=1)[:, :k]]
    return np.array([[(shown[labels == a] == b).mean() for b in range(classes)] for a in range(classes)])


def most_mixed(table):
    both = np.triu(table + table.T, 1)
    return tuple(int(index) for index in np.unravel_index(both.argmax(), both.shape))


# %% task-3 wrong: drops the first of the sorted codes, which is another one where codes lie on one another
def mixing(codes, labels, k, classes):
    distance = np.hypot(codes[:, None, 0] - codes[None, :, 0], codes[:, None, 1] - codes[None, :, 1])
    shown = labels[np.argsort(distance, axis=1, kind="stable")[:, 1 : k + 1]]
    return np.array([[(shown[labels == a] == b).mean() for b in range(classes)] for a in range(classes)])


def most_mixed(table):
    both = np.triu(table + table.T, 1)
    return tuple(int(index) for index in np.unravel_index(both.argmax(), both.shape))


# %% task-3 wrong: transposed
def mixing(codes, labels, k, classes):
    distance = np.hypot(codes[:, None, 0] - codes[None, :, 0], codes[:, None, 1] - codes[None, :, 1])
    np.fill_diagonal(distance, np.inf)
    shown = labels[np.argsort(distance, axis=1)[:, :k]]
    return np.array([[(shown[labels == a] == b).mean() for a in range(classes)] for b in range(classes)])


def most_mixed(table):
    both = np.triu(table + table.T, 1)
    return tuple(int(index) for index in np.unravel_index(both.argmax(), both.shape))


# %% task-3 wrong: columns add up to 1
def mixing(codes, labels, k, classes):
    distance = np.hypot(codes[:, None, 0] - codes[None, :, 0], codes[:, None, 1] - codes[None, :, 1])
    np.fill_diagonal(distance, np.inf)
    shown = labels[np.argsort(distance, axis=1)[:, :k]]
    counts = np.array([[(shown[labels == a] == b).sum() for b in range(classes)] for a in range(classes)])
    return counts / counts.sum(axis=0)


def most_mixed(table):
    both = np.triu(table + table.T, 1)
    return tuple(int(index) for index in np.unravel_index(both.argmax(), both.shape))


# %% task-3 wrong: adds up the coordinates' distances (Manhattan)
def mixing(codes, labels, k, classes):
    distance = np.abs(codes[:, None] - codes[None]).sum(axis=2)
    np.fill_diagonal(distance, np.inf)
    shown = labels[np.argsort(distance, axis=1)[:, :k]]
    return np.array([[(shown[labels == a] == b).mean() for b in range(classes)] for a in range(classes)])


def most_mixed(table):
    both = np.triu(table + table.T, 1)
    return tuple(int(index) for index in np.unravel_index(both.argmax(), both.shape))


# %% task-3 wrong: ten classes and ten neighbours, as in the chapter, whatever the arguments say
def mixing(codes, labels, k, classes):
    distance = np.hypot(codes[:, None, 0] - codes[None, :, 0], codes[:, None, 1] - codes[None, :, 1])
    np.fill_diagonal(distance, np.inf)
    shown = labels[np.argsort(distance, axis=1)[:, :10]]
    return np.array([[(shown[labels == a] == b).mean() for b in range(10)] for a in range(10)])


def most_mixed(table):
    both = np.triu(table + table.T, 1)
    return tuple(int(index) for index in np.unravel_index(both.argmax(), both.shape))


# %% task-3 wrong: the pair is the largest entry off the diagonal, one way only
def mixing(codes, labels, k, classes):
    distance = np.hypot(codes[:, None, 0] - codes[None, :, 0], codes[:, None, 1] - codes[None, :, 1])
    np.fill_diagonal(distance, np.inf)
    shown = labels[np.argsort(distance, axis=1)[:, :k]]
    return np.array([[(shown[labels == a] == b).mean() for b in range(classes)] for a in range(classes)])


def most_mixed(table):
    off = np.where(np.eye(len(table), dtype=bool), 0, table)
    a, b = np.unravel_index(off.argmax(), off.shape)
    return int(min(a, b)), int(max(a, b))


# %% task-3 wrong: the diagonal counts, so the pair is one class twice
def mixing(codes, labels, k, classes):
    distance = np.hypot(codes[:, None, 0] - codes[None, :, 0], codes[:, None, 1] - codes[None, :, 1])
    np.fill_diagonal(distance, np.inf)
    shown = labels[np.argsort(distance, axis=1)[:, :k]]
    return np.array([[(shown[labels == a] == b).mean() for b in range(classes)] for a in range(classes)])


def most_mixed(table):
    both = table + table.T
    return tuple(int(index) for index in np.unravel_index(both.argmax(), both.shape))


# %% task-3 right: one-hot matrices, distances by the binomial formula
def mixing(codes, labels, k, classes):
    codes = codes.astype("float64")
    squares = (codes**2).sum(axis=1)
    distance = squares[:, None] + squares - 2 * codes @ codes.T
    distance[np.diag_indices(len(codes))] = distance.max() + 1
    member = np.eye(classes)[labels]
    seen = member[np.argpartition(distance, k - 1, axis=1)[:, :k]].mean(axis=1)
    return (member / member.sum(axis=0)).T @ seen


def most_mixed(table):
    pairs = [(a, b) for a in range(len(table)) for b in range(a + 1, len(table))]
    return max(pairs, key=lambda pair: table[pair] + table[pair[1], pair[0]])


# %% task-3 right: a loop that finds no pair where nothing is mixed
def mixing(codes, labels, k, classes):
    table = np.zeros((classes, classes))
    for i in range(len(codes)):
        distance = np.sqrt(((codes - codes[i]) ** 2).sum(axis=1))
        distance[i] = np.inf
        for j in np.argsort(distance)[:k]:
            table[labels[i], labels[j]] += 1
    return table / table.sum(axis=1, keepdims=True)


def most_mixed(table):
    best, pair = 0, None
    for a in range(len(table)):
        for b in range(a + 1, len(table)):
            if table[a, b] + table[b, a] > best:
                best, pair = table[a, b] + table[b, a], (a, b)
    return pair


# %% task-4 wrong: the transpose, as for a rotation
def fold(A, b, W, c):
    return A.T @ W, c - b @ A.T @ W


def whitening(codes):
    variances, directions = np.linalg.eigh(np.cov(codes, rowvar=False))
    A = directions / np.sqrt(variances)
    return A, -codes.mean(axis=0) @ A


# %% task-4 wrong: the biases stay as they were
def fold(A, b, W, c):
    return np.linalg.inv(A) @ W, c


def whitening(codes):
    variances, directions = np.linalg.eigh(np.cov(codes, rowvar=False))
    A = directions / np.sqrt(variances)
    return A, -codes.mean(axis=0) @ A


# %% task-4 wrong: takes the shift away before undoing A
def fold(A, b, W, c):
    return np.linalg.inv(A) @ W, c - b @ W


def whitening(codes):
    variances, directions = np.linalg.eigh(np.cov(codes, rowvar=False))
    A = directions / np.sqrt(variances)
    return A, -codes.mean(axis=0) @ A


# %% task-4 wrong: adds the shift in place of taking it away
def fold(A, b, W, c):
    weights = np.linalg.inv(A) @ W
    return weights, c + b @ weights


def whitening(codes):
    variances, directions = np.linalg.eigh(np.cov(codes, rowvar=False))
    A = directions / np.sqrt(variances)
    return A, -codes.mean(axis=0) @ A


# %% task-4 wrong: applies the map to the weights in place of undoing it
def fold(A, b, W, c):
    return A @ W, c + b @ W


def whitening(codes):
    variances, directions = np.linalg.eigh(np.cov(codes, rowvar=False))
    A = directions / np.sqrt(variances)
    return A, -codes.mean(axis=0) @ A


# %% task-4 wrong: standardises each unit alone
def fold(A, b, W, c):
    weights = np.linalg.inv(A) @ W
    return weights, c - b @ weights


def whitening(codes):
    A = np.diag(1 / codes.std(axis=0))
    return A, -codes.mean(axis=0) @ A


# %% task-4 wrong: divides by the variances
def fold(A, b, W, c):
    weights = np.linalg.inv(A) @ W
    return weights, c - b @ weights


def whitening(codes):
    variances, directions = np.linalg.eigh(np.cov(codes, rowvar=False))
    A = directions / variances
    return A, -codes.mean(axis=0) @ A


# %% task-4 wrong: takes the old mean away from the new codes
def fold(A, b, W, c):
    weights = np.linalg.inv(A) @ W
    return weights, c - b @ weights


def whitening(codes):
    variances, directions = np.linalg.eigh(np.cov(codes, rowvar=False))
    return directions / np.sqrt(variances), -codes.mean(axis=0)


# %% task-4 right: solve in place of the inverse, and a Cholesky factor in place of eigenvectors
def fold(A, b, W, c):
    both = np.linalg.solve(A, np.column_stack([W, np.zeros(len(W))]))[:, :-1]
    return both, c - np.einsum("i,ij->j", b, both)


def whitening(codes):
    lower = np.linalg.cholesky(np.linalg.inv(np.cov(codes.T)))
    return lower, -(codes @ lower).mean(axis=0)


# %% task-5 wrong: hands in the plane of the sheet
my_plane = plane


# %% task-5 wrong: builds a network and trains another one
my_plane = models.dense_autoencoder(latent_dim=2, hidden=(256, 128), code_activation="linear", seed=0)


# %% task-5 wrong: keeps the history in place of the model
my_plane = history


# %% task-5 wrong: three units, since more keep more
my_plane = models.dense_autoencoder(latent_dim=3, code_activation="linear", seed=0)
training.fit(my_plane, x_train, epochs=4, batch_size=250, seed=0)


# %% task-5 wrong: a ReLU code, chapter 6's first model as it is
my_plane = models.dense_autoencoder(latent_dim=2, seed=0)
training.fit(my_plane, x_train, epochs=8, batch_size=250, seed=0)


# %% task-5 wrong: one of the two code units is dead
my_plane = models.dense_autoencoder(latent_dim=2, seed=0)
weights = my_plane.encoder.get_weights()
weights[-1] = np.array([-1000.0, 0.0])
my_plane.encoder.set_weights(weights)
training.fit(my_plane, x_train, epochs=1, batch_size=250, seed=0)


# %% task-5 right: halves of its own with another activation, trained on squared error
import keras

encoder = keras.Sequential(
    [
        keras.Input((784,)),
        keras.layers.Dense(300, activation="elu"),
        keras.layers.Dense(100, activation="elu"),
        keras.layers.Dense(2),
    ]
)
decoder = keras.Sequential(
    [
        keras.Input((2,)),
        keras.layers.Dense(100, activation="relu"),
        keras.layers.Dense(300, activation="relu"),
        keras.layers.Dense(784, activation="sigmoid"),
    ]
)
my_plane = models.Autoencoder(encoder, decoder)
training.fit(my_plane, x_train, epochs=12, batch_size=200, seed=1, loss="mse")
