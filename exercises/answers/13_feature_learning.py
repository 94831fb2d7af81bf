# Answers to sheet 13: mistakes that students make, which have to be caught, and unusual right answers, which have to
# pass.


# %% task-1 wrong: the first images of each class, whatever the seed
def draw(labels, each, seed):
    return np.concatenate([np.flatnonzero(labels == label)[:each] for label in np.unique(labels)])


# %% task-1 wrong: with replacement
def draw(labels, each, seed):
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.choice(np.flatnonzero(labels == label), each) for label in np.unique(labels)])


# %% task-1 wrong: not stratified
def draw(labels, each, seed):
    rng = np.random.default_rng(seed)
    return rng.choice(len(labels), each * len(np.unique(labels)), replace=False)


# %% task-1 wrong: indices within the class in place of indices in labels
def draw(labels, each, seed):
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.permutation((labels == label).sum())[:each] for label in np.unique(labels)])


# %% task-1 wrong: the labels of the images in place of their indices
def draw(labels, each, seed):
    rng = np.random.default_rng(seed)
    chosen = [rng.choice(np.flatnonzero(labels == label), each, replace=False) for label in np.unique(labels)]
    return labels[np.concatenate(chosen)]


# %% task-1 wrong: no seed, so that no draw can be repeated
def draw(labels, each, seed):
    rng = np.random.default_rng()
    return np.concatenate(
        [rng.choice(np.flatnonzero(labels == label), each, replace=False) for label in np.unique(labels)]
    )


# %% task-1 wrong: ten classes from 0 to 9, whatever occurs
def draw(labels, each, seed):
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.permutation(np.flatnonzero(labels == label))[:each] for label in range(10)])


# %% task-1 wrong: a mask
def draw(labels, each, seed):
    rng = np.random.default_rng(seed)
    mask = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        mask[rng.choice(np.flatnonzero(labels == label), each, replace=False)] = True
    return mask


# %% task-1 wrong: starts at a random place in each class and takes the images in a row from there
def draw(labels, each, seed):
    rng = np.random.default_rng(seed)
    chosen = []
    for label in np.unique(labels):
        mine = np.flatnonzero(labels == label)
        start = rng.integers(len(mine) - each + 1)
        chosen.append(mine[start : start + each])
    return np.concatenate(chosen)


# %% task-1 right: one shuffle, then the first of each class in the shuffled order, with pandas
def draw(labels, each, seed):
    shuffled = pd.Series(labels).sample(frac=1, random_state=seed)
    return shuffled.index[shuffled.groupby(shuffled).cumcount() < each].to_numpy()


# %% task-2 wrong: the place of the class in place of the class
def nearest_mean(features, labels, new):
    means = np.stack([features[labels == label].mean(axis=0) for label in np.unique(labels)])
    return np.linalg.norm(new[:, None] - means, axis=2).argmin(axis=1)


def held_out_accuracy(features, labels, folds):
    right = 0
    for fold in np.unique(folds):
        aside = folds == fold
        right += (nearest_mean(features[~aside], labels[~aside], features[aside]) == labels[aside]).sum()
    return right / len(labels)


# %% task-2 wrong: the nearest image in place of the nearest mean
def nearest_mean(features, labels, new):
    return labels[np.linalg.norm(new[:, None] - features, axis=2).argmin(axis=1)]


def held_out_accuracy(features, labels, folds):
    right = 0
    for fold in np.unique(folds):
        aside = folds == fold
        right += (nearest_mean(features[~aside], labels[~aside], features[aside]) == labels[aside]).sum()
    return right / len(labels)


# %% task-2 wrong: absolute differences added up
def nearest_mean(features, labels, new):
    classes = np.unique(labels)
    means = np.stack([features[labels == label].mean(axis=0) for label in classes])
    return classes[np.abs(new[:, None] - means).sum(axis=2).argmin(axis=1)]


def held_out_accuracy(features, labels, folds):
    right = 0
    for fold in np.unique(folds):
        aside = folds == fold
        right += (nearest_mean(features[~aside], labels[~aside], features[aside]) == labels[aside]).sum()
    return right / len(labels)


# %% task-2 wrong: sums in place of means
def nearest_mean(features, labels, new):
    classes = np.unique(labels)
    sums = np.stack([features[labels == label].sum(axis=0) for label in classes])
    return classes[np.linalg.norm(new[:, None] - sums, axis=2).argmin(axis=1)]


def held_out_accuracy(features, labels, folds):
    right = 0
    for fold in np.unique(folds):
        aside = folds == fold
        right += (nearest_mean(features[~aside], labels[~aside], features[aside]) == labels[aside]).sum()
    return right / len(labels)


# %% task-2 wrong: the means of all images, those held out included
def nearest_mean(features, labels, new):
    classes = np.unique(labels)
    means = np.stack([features[labels == label].mean(axis=0) for label in classes])
    return classes[np.linalg.norm(new[:, None] - means, axis=2).argmin(axis=1)]


def held_out_accuracy(features, labels, folds):
    right = 0
    for fold in np.unique(folds):
        aside = folds == fold
        right += (nearest_mean(features, labels, features[aside]) == labels[aside]).sum()
    return right / len(labels)


# %% task-2 wrong: the mean of the folds' accuracies
def nearest_mean(features, labels, new):
    classes = np.unique(labels)
    means = np.stack([features[labels == label].mean(axis=0) for label in classes])
    return classes[np.linalg.norm(new[:, None] - means, axis=2).argmin(axis=1)]


def held_out_accuracy(features, labels, folds):
    shares = []
    for fold in np.unique(folds):
        aside = folds == fold
        shares.append((nearest_mean(features[~aside], labels[~aside], features[aside]) == labels[aside]).mean())
    return np.mean(shares)


# %% task-2 wrong: fits to the fold and classifies the others
def nearest_mean(features, labels, new):
    classes = np.unique(labels)
    means = np.stack([features[labels == label].mean(axis=0) for label in classes])
    return classes[np.linalg.norm(new[:, None] - means, axis=2).argmin(axis=1)]


def held_out_accuracy(features, labels, folds):
    right = total = 0
    for fold in np.unique(folds):
        fold = folds == fold
        right += (nearest_mean(features[fold], labels[fold], features[~fold]) == labels[~fold]).sum()
        total += (~fold).sum()
    return right / total


# %% task-2 wrong: folds are taken to be numbered from 0
def nearest_mean(features, labels, new):
    classes = np.unique(labels)
    means = np.stack([features[labels == label].mean(axis=0) for label in classes])
    return classes[np.linalg.norm(new[:, None] - means, axis=2).argmin(axis=1)]


def held_out_accuracy(features, labels, folds):
    right = 0
    for fold in range(len(np.unique(folds))):
        aside = folds == fold
        if aside.any():
            right += (nearest_mean(features[~aside], labels[~aside], features[aside]) == labels[aside]).sum()
    return right / len(labels)


# %% task-2 right: scikit-learn's nearest centroid, and its cross-validation with folds that are given
def nearest_mean(features, labels, new):
    from sklearn.neighbors import NearestCentroid

    return NearestCentroid().fit(features, labels).predict(new)


def held_out_accuracy(features, labels, folds):
    from sklearn.model_selection import PredefinedSplit, cross_val_predict
    from sklearn.neighbors import NearestCentroid

    number = np.unique(folds, return_inverse=True)[1]
    predicted = cross_val_predict(NearestCentroid(), features, labels, cv=PredefinedSplit(number))
    return np.mean(predicted == labels)


# %% task-2 right: as a linear classifier, since the square of the new image's length is the same for all classes
def nearest_mean(features, labels, new):
    classes, place = np.unique(labels, return_inverse=True)
    member = np.eye(len(classes))[place]
    means = (member.T @ features) / member.sum(axis=0)[:, None]
    return classes[(new @ means.T - (means**2).sum(axis=1) / 2).argmax(axis=1)]


def held_out_accuracy(features, labels, folds):
    right = []
    for index in range(len(labels)):
        others = folds != folds[index]
        right.append(nearest_mean(features[others], labels[others], features[index : index + 1])[0] == labels[index])
    return sum(right) / len(right)


# %% task-3 wrong: divides by n
def luck(accuracy):
    return accuracy.mean(axis=0).std(), accuracy.mean(axis=1).std()


def lead(accuracy, other):
    difference = accuracy - other
    return difference.mean(), difference.mean(axis=1).std(), (difference > 0).mean()


# %% task-3 wrong: draws and starts swapped
def luck(accuracy):
    return accuracy.mean(axis=1).std(ddof=1), accuracy.mean(axis=0).std(ddof=1)


def lead(accuracy, other):
    difference = accuracy - other
    return difference.mean(), difference.mean(axis=1).std(ddof=1), (difference > 0).mean()


# %% task-3 wrong: the mean of standard deviations in place of the standard deviation of means
def luck(accuracy):
    return accuracy.std(axis=1, ddof=1).mean(), accuracy.std(axis=0, ddof=1).mean()


def lead(accuracy, other):
    difference = accuracy - other
    return difference.mean(), difference.mean(axis=1).std(ddof=1), (difference > 0).mean()


# %% task-3 wrong: the other method's accuracies as a column
def luck(accuracy):
    return accuracy.mean(axis=0).std(ddof=1), accuracy.mean(axis=1).std(ddof=1)


def lead(accuracy, other):
    difference = accuracy - other[:, None]
    return difference.mean(), accuracy.mean(axis=1).std(ddof=1), (difference > 0).mean()


# %% task-3 wrong: equal accuracies count as a lead
def luck(accuracy):
    return accuracy.mean(axis=0).std(ddof=1), accuracy.mean(axis=1).std(ddof=1)


def lead(accuracy, other):
    difference = accuracy - other
    return difference.mean(), difference.mean(axis=1).std(ddof=1), (difference >= 0).mean()


# %% task-3 wrong: the spread over the draws
def luck(accuracy):
    return accuracy.mean(axis=0).std(ddof=1), accuracy.mean(axis=1).std(ddof=1)


def lead(accuracy, other):
    difference = accuracy - other
    return difference.mean(), difference.mean(axis=0).std(ddof=1), (difference > 0).mean()


# %% task-3 wrong: the number of leads
def luck(accuracy):
    return accuracy.mean(axis=0).std(ddof=1), accuracy.mean(axis=1).std(ddof=1)


def lead(accuracy, other):
    difference = accuracy - other
    return difference.mean(), difference.mean(axis=1).std(ddof=1), (difference > 0).sum()


# %% task-3 wrong: compares with the other method's mean, not in pairs
def luck(accuracy):
    return accuracy.mean(axis=0).std(ddof=1), accuracy.mean(axis=1).std(ddof=1)


def lead(accuracy, other):
    difference = accuracy - other.mean()
    return difference.mean(), difference.mean(axis=1).std(ddof=1), (difference > 0).mean()


# %% task-3 right: pandas
def luck(accuracy):
    table = pd.DataFrame(accuracy)
    return [float(table.mean().std()), float(table.mean(axis=1).std())]


def lead(accuracy, other):
    table = pd.DataFrame(accuracy).sub(pd.Series(other), axis="columns")
    return table.mean().mean(), table.T.mean().std(), table.gt(0).mean().mean()


# %% task-4 wrong: forgets that a new bias is needed
def on_pixels(mean, components, centre, scale, kernel, bias):
    return components @ kernel / scale, bias


def unseen(change, components):
    return change - components @ (components.T @ change)


# %% task-4 wrong: forgets the centre
def on_pixels(mean, components, centre, scale, kernel, bias):
    W = components @ kernel / scale
    return W, bias - mean @ W


def unseen(change, components):
    return change - components @ (components.T @ change)


# %% task-4 wrong: forgets the mean image
def on_pixels(mean, components, centre, scale, kernel, bias):
    return components @ kernel / scale, bias - centre @ kernel / scale


def unseen(change, components):
    return change - components @ (components.T @ change)


# %% task-4 wrong: multiplies by the scale
def on_pixels(mean, components, centre, scale, kernel, bias):
    W = components @ kernel * scale
    return W, bias - mean @ W - centre @ kernel * scale


def unseen(change, components):
    return change - components @ (components.T @ change)


# %% task-4 wrong: the centre is not divided by the scale
def on_pixels(mean, components, centre, scale, kernel, bias):
    W = components @ kernel / scale
    return W, bias - mean @ W - centre @ kernel


def unseen(change, components):
    return change - components @ (components.T @ change)


# %% task-4 wrong: adds mean and centre
def on_pixels(mean, components, centre, scale, kernel, bias):
    W = components @ kernel / scale
    return W, bias + mean @ W + centre @ kernel / scale


def unseen(change, components):
    return change - components @ (components.T @ change)


# %% task-4 wrong: no scale at all
def on_pixels(mean, components, centre, scale, kernel, bias):
    W = components @ kernel
    return W, bias - mean @ W - centre @ kernel


def unseen(change, components):
    return change - components @ (components.T @ change)


# %% task-4 wrong: the part that the probe sees
def on_pixels(mean, components, centre, scale, kernel, bias):
    W = components @ kernel / scale
    return W, bias - mean @ W - centre @ kernel / scale


def unseen(change, components):
    return components @ (components.T @ change)


# %% task-4 wrong: no change is unseen
def on_pixels(mean, components, centre, scale, kernel, bias):
    W = components @ kernel / scale
    return W, bias - mean @ W - centre @ kernel / scale


def unseen(change, components):
    return np.zeros_like(change)


# %% task-4 right: the probe is asked about the zero image and about each pixel; least squares for the rest
def on_pixels(mean, components, centre, scale, kernel, bias):
    def scores(images):
        return ((images - mean) @ components - centre) / scale @ kernel + bias

    c = scores(np.zeros((1, len(mean))))[0]
    return scores(np.eye(len(mean))) - c, c


def unseen(change, components):
    return change - components @ np.linalg.lstsq(components, change, rcond=None)[0]


# %% task-5 wrong: the nearest labelled image, which is the yardstick
def label_all(features, labels):
    known = labels >= 0
    nearest = probes.retrieve(features[known], features, count=1)[:, 0]
    return labels[known][nearest]


# %% task-5 wrong: a linear probe on the labelled images; unlabelled ones take no part
def label_all(features, labels):
    known = labels >= 0
    predicted = probes.linear_probe(features[known], labels[known], seed=0).predict(features)
    return np.where(known, labels, predicted)


# %% task-5 wrong: ten clusters, each named by the labelled images in it
def label_all(features, labels):
    from sklearn.cluster import KMeans

    cluster = KMeans(10, n_init=1, random_state=0).fit_predict(features)
    known, found = labels >= 0, labels.copy()
    for number in range(10):
        inside = labels[known & (cluster == number)]
        name = np.bincount(inside).argmax() if len(inside) else labels.max()
        found[~known & (cluster == number)] = name
    return found


# %% task-5 wrong: labels pass along the links for one round only, and some images stay without a label
def label_all(features, labels):
    from sklearn.neighbors import kneighbors_graph

    found = labels.copy()
    links = kneighbors_graph(features, 10)
    for index in np.flatnonzero(labels < 0):
        seen = labels[links[index].indices]
        seen = seen[seen >= 0]
        if len(seen):
            found[index] = np.bincount(seen).argmax()
    return found


# %% task-5 wrong: gives new labels to the labelled images, too
def label_all(features, labels):
    from sklearn.semi_supervised import LabelSpreading

    found = LabelSpreading(kernel="knn", n_neighbors=10, alpha=0.9).fit(features, labels).transduction_
    found[labels >= 0] = labels.max()
    return found


# %% task-5 wrong: classes as a table of shares
def label_all(features, labels):
    from sklearn.semi_supervised import LabelSpreading

    return LabelSpreading(kernel="knn", n_neighbors=10).fit(features, labels).label_distributions_


# %% task-5 wrong: the default width of scikit-learn's kernel, at which every image is far from every other
def label_all(features, labels):
    from sklearn.semi_supervised import LabelPropagation

    return LabelPropagation(gamma=20).fit(features, labels).transduction_


# %% task-5 right: scikit-learn, then the labels that were given put back
def label_all(features, labels):
    from sklearn.semi_supervised import LabelSpreading

    found = LabelSpreading(kernel="knn", n_neighbors=10, alpha=0.9).fit(features, labels).transduction_
    return np.where(labels >= 0, labels, found)


# %% task-5 right: where the rounds end, by solving a system of linear equations
def label_all(features, labels):
    from scipy import sparse
    from sklearn.neighbors import kneighbors_graph

    links = kneighbors_graph(features, 12)
    links = links.maximum(links.T).tocsr()
    known = labels >= 0
    classes = np.unique(labels[known])
    laplacian = sparse.diags(np.asarray(links.sum(axis=1)).ravel() + 1e-9) - links
    given = (labels[known][:, None] == classes).astype(float)
    solved = sparse.linalg.spsolve(laplacian[~known][:, ~known].tocsc(), links[~known][:, known] @ given)
    found = labels.copy()
    found[~known] = classes[solved.argmax(axis=1)]
    return found
