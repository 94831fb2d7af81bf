# %% task-1 wrong: averages by the table's own shares
def mean_bits(counts, frequencies):
    share = frequencies / frequencies.sum()
    return -(share * np.log2(share)).sum()


def waste(counts, frequencies):
    own = counts[counts > 0] / counts.sum()
    return mean_bits(counts, frequencies) + (own * np.log2(own)).sum()


# %% task-1 wrong: bits of the whole message
def mean_bits(counts, frequencies):
    return -(counts * np.log2(frequencies / frequencies.sum())).sum()


def waste(counts, frequencies):
    own = counts[counts > 0] / counts.sum()
    return mean_bits(counts, frequencies) / counts.sum() + (own * np.log2(own)).sum()


# %% task-1 wrong: nats in place of bits
def mean_bits(counts, frequencies):
    return -(counts / counts.sum() * np.log(frequencies / frequencies.sum())).sum()


def waste(counts, frequencies):
    own = counts[counts > 0] / counts.sum()
    return mean_bits(counts, frequencies) + (own * np.log(own)).sum()


# %% task-1 wrong: takes it for granted that frequencies add up to 16,384, as the chapter's do
def mean_bits(counts, frequencies):
    return (counts * np.log2(16384 / frequencies)).sum() / counts.sum()


def waste(counts, frequencies):
    own = counts[counts > 0] / counts.sum()
    return mean_bits(counts, frequencies) + (own * np.log2(own)).sum()


# %% task-1 wrong: 0 times minus infinity for symbols that do not occur
def mean_bits(counts, frequencies):
    return -(counts * np.log2(frequencies / frequencies.sum())).sum() / counts.sum()


def waste(counts, frequencies):
    own = counts / counts.sum()
    return mean_bits(counts, frequencies) + (own * np.log2(own)).sum()


# %% task-1 wrong: the waste is the distance between the two entropies
def mean_bits(counts, frequencies):
    return -(counts * np.log2(frequencies / frequencies.sum())).sum() / counts.sum()


def waste(counts, frequencies):
    own, share = counts[counts > 0] / counts.sum(), frequencies / frequencies.sum()
    return abs((own * np.log2(own)).sum() - (share * np.log2(share)).sum())


# %% task-1 wrong: the divergence the wrong way round
def mean_bits(counts, frequencies):
    return -(counts * np.log2(frequencies / frequencies.sum())).sum() / counts.sum()


def waste(counts, frequencies):
    own, given = counts[counts > 0] / counts.sum(), frequencies[counts > 0] / frequencies.sum()
    return (given * np.log2(given / own)).sum()


# %% task-1 right: SciPy's cross-entropy in parts, and the waste as a difference
def mean_bits(counts, frequencies):
    return float(sum(n * (np.log2(frequencies.sum()) - np.log2(f)) for n, f in zip(counts, frequencies)) / counts.sum())


def waste(counts, frequencies):
    from scipy.special import entr

    return mean_bits(counts, frequencies) - entr(counts / counts.sum()).sum() / np.log(2)


# %% task-2 wrong: the median of the codes
def best_values(codes, symbols, values):
    best = np.array(values, dtype=float)
    for j in range(best.shape[0]):
        for k in range(best.shape[1]):
            chosen = symbols[:, j] == k
            if chosen.any():
                best[j, k] = np.median(codes[chosen, j])
    return best


# %% task-2 wrong: midway between least and greatest
def best_values(codes, symbols, values):
    best = np.array(values, dtype=float)
    for j in range(best.shape[0]):
        for k in range(best.shape[1]):
            chosen = symbols[:, j] == k
            if chosen.any():
                best[j, k] = (codes[chosen, j].min() + codes[chosen, j].max()) / 2
    return best


# %% task-2 wrong: empty symbols become nan
def best_values(codes, symbols, values):
    with np.errstate(all="ignore"):
        return np.array(
            [
                [codes[symbols[:, j] == k, j].sum() / (symbols[:, j] == k).sum() for k in range(values.shape[1])]
                for j in range(len(values))
            ]
        )


# %% task-2 wrong: empty symbols become 0
def best_values(codes, symbols, values):
    best = np.zeros(values.shape)
    for j in range(best.shape[0]):
        for k in range(best.shape[1]):
            chosen = symbols[:, j] == k
            best[j, k] = codes[chosen, j].sum() / max(1, chosen.sum())
    return best


# %% task-2 wrong: one value for all units that have the symbol
def best_values(codes, symbols, values):
    best = np.array(values, dtype=float)
    for k in range(best.shape[1]):
        if (symbols == k).any():
            best[:, k] = codes[symbols == k].mean()
    return best


# %% task-2 wrong: the table lies on its side
def best_values(codes, symbols, values):
    best = np.array(values, dtype=float)
    for j in range(best.shape[0]):
        for k in range(best.shape[1]):
            chosen = symbols[:, j] == k
            if chosen.any():
                best[j, k] = codes[chosen, j].mean()
    return best.T


# %% task-2 right: a one-hot array and einsum
def best_values(codes, symbols, values):
    hot = symbols[..., None] == np.arange(values.shape[1])
    number = hot.sum(axis=0)
    total = np.einsum("nd,ndk->dk", codes, hot)
    return np.where(number > 0, total / np.maximum(number, 1), values)


# %% task-3 wrong: shares the error out equally
def water_level(variances, distortion):
    return distortion / len(variances)


def bits_needed(variances, distortion):
    theta = water_level(variances, distortion)
    return 0.5 * np.log2(variances / np.minimum(theta, variances)).sum()


# %% task-3 wrong: drops flooded components once, and does not look again
def water_level(variances, distortion):
    theta = distortion / len(variances)
    low = variances < theta
    return (distortion - variances[low].sum()) / (~low).sum()


def bits_needed(variances, distortion):
    theta = water_level(variances, distortion)
    return 0.5 * np.log2(variances / np.minimum(theta, variances)).sum()


# %% task-3 wrong: supposes that the variances come largest first, as PCA's do
def water_level(variances, distortion):
    d = len(variances)
    for m in range(d):
        theta = (distortion - variances[d - m :].sum()) / (d - m)
        if theta <= variances[d - m - 1]:
            return theta
    return variances[0]


def bits_needed(variances, distortion):
    theta = water_level(variances, distortion)
    return 0.5 * np.log2(variances / np.minimum(theta, variances)).sum()


# %% task-3 wrong: flooded components earn bits back
def water_level(variances, distortion):
    low, high = 0.0, variances.max()
    for _ in range(100):
        middle = (low + high) / 2
        if np.minimum(middle, variances).sum() < distortion:
            low = middle
        else:
            high = middle
    return high


def bits_needed(variances, distortion):
    return 0.5 * np.log2(variances / water_level(variances, distortion)).sum()


# %% task-3 wrong: without the half
def water_level(variances, distortion):
    low, high = 0.0, variances.max()
    for _ in range(100):
        middle = (low + high) / 2
        if np.minimum(middle, variances).sum() < distortion:
            low = middle
        else:
            high = middle
    return high


def bits_needed(variances, distortion):
    return np.log2(np.maximum(variances / water_level(variances, distortion), 1)).sum()


# %% task-3 wrong: natural logarithm
def water_level(variances, distortion):
    low, high = 0.0, variances.max()
    for _ in range(100):
        middle = (low + high) / 2
        if np.minimum(middle, variances).sum() < distortion:
            low = middle
        else:
            high = middle
    return high


def bits_needed(variances, distortion):
    return 0.5 * np.log(np.maximum(variances / water_level(variances, distortion), 1)).sum()


# %% task-3 wrong: a search on a grid that is too coarse
def water_level(variances, distortion):
    grid = np.linspace(0, variances.max(), 101)
    filled = np.array([np.minimum(theta, variances).sum() for theta in grid])
    return grid[np.abs(filled - distortion).argmin()]


def bits_needed(variances, distortion):
    theta = max(water_level(variances, distortion), 1e-9)
    return 0.5 * np.log2(variances / np.minimum(theta, variances)).sum()


# %% task-3 right: SciPy finds the root
def water_level(variances, distortion):
    from scipy.optimize import brentq

    def over(theta):
        return np.minimum(theta, variances).sum() - distortion

    top = float(variances.max())
    return top if over(top) <= 1e-12 * distortion else brentq(over, 0, top, xtol=1e-14, rtol=1e-13)


def bits_needed(variances, distortion):
    theta = water_level(variances, distortion)
    return float(sum(np.log2(v / theta) / 2 for v in variances if v > theta))


# %% task-4 wrong: all codewords of one length
def huffman_lengths(counts):
    return np.full(len(counts), int(np.ceil(np.log2(len(counts)))))


def codewords(lengths):
    return [format(k, f"0{n}b") for k, n in enumerate(lengths)]


# %% task-4 wrong: Shannon's lengths, rounded up
def huffman_lengths(counts):
    return np.maximum(np.ceil(-np.log2(counts / counts.sum())), 1).astype(int)


def codewords(lengths):
    words, number, before = [""] * len(lengths), -1, 0
    for k in np.argsort(lengths, kind="stable"):
        number = (number + 1) << int(lengths[k] - before)
        words[k], before = format(number, f"0{lengths[k]}b"), lengths[k]
    return words


# %% task-4 wrong: merges the largest groups first
def huffman_lengths(counts):
    lengths = np.zeros(len(counts), int)
    groups = [(int(n), [k]) for k, n in enumerate(counts)]
    while len(groups) > 1:
        groups.sort(reverse=True)
        (a, some), (b, others), *groups = groups
        lengths[some + others] += 1
        groups.append((a + b, some + others))
    return lengths


def codewords(lengths):
    words, number, before = [""] * len(lengths), -1, 0
    for k in np.argsort(lengths, kind="stable"):
        number = (number + 1) << int(lengths[k] - before)
        words[k], before = format(number, f"0{lengths[k]}b"), lengths[k]
    return words


# %% task-4 wrong: a chain that never merges two merged groups
def huffman_lengths(counts):
    order = np.argsort(-counts, kind="stable")
    lengths = np.zeros(len(counts), int)
    lengths[order] = np.minimum(np.arange(1, len(counts) + 1), len(counts) - 1)
    return lengths


def codewords(lengths):
    words, number, before = [""] * len(lengths), -1, 0
    for k in np.argsort(lengths, kind="stable"):
        number = (number + 1) << int(lengths[k] - before)
        words[k], before = format(number, f"0{lengths[k]}b"), lengths[k]
    return words


# %% task-4 wrong: the merged group keeps the larger count
def huffman_lengths(counts):
    lengths = np.zeros(len(counts), int)
    groups = [(int(n), [k]) for k, n in enumerate(counts)]
    while len(groups) > 1:
        groups.sort()
        (a, some), (b, others), *groups = groups
        lengths[some + others] += 1
        groups.append((max(a, b), some + others))
    return lengths


def codewords(lengths):
    words, number, before = [""] * len(lengths), -1, 0
    for k in np.argsort(lengths, kind="stable"):
        number = (number + 1) << int(lengths[k] - before)
        words[k], before = format(number, f"0{lengths[k]}b"), lengths[k]
    return words


# %% task-4 wrong: codewords count up without regard to beginnings
def huffman_lengths(counts):
    lengths = np.zeros(len(counts), int)
    groups = [(int(n), [k]) for k, n in enumerate(counts)]
    while len(groups) > 1:
        groups.sort()
        (a, some), (b, others), *groups = groups
        lengths[some + others] += 1
        groups.append((a + b, some + others))
    return lengths


def codewords(lengths):
    seen, words = {}, []
    for n in lengths:
        words.append(format(seen.get(int(n), 0), f"0{n}b"))
        seen[int(n)] = seen.get(int(n), 0) + 1
    return words


# %% task-4 wrong: codewords from the shortest to the longest, not in the order of the symbols
def huffman_lengths(counts):
    lengths = np.zeros(len(counts), int)
    groups = [(int(n), [k]) for k, n in enumerate(counts)]
    while len(groups) > 1:
        groups.sort()
        (a, some), (b, others), *groups = groups
        lengths[some + others] += 1
        groups.append((a + b, some + others))
    return lengths


def codewords(lengths):
    words, number, before = [], -1, 0
    for n in np.sort(lengths):
        number = (number + 1) << int(n - before)
        words.append(format(number, f"0{n}b"))
        before = n
    return words


# %% task-4 right: a heap, and codewords as binary fractions, from all ones down
def huffman_lengths(counts):
    import heapq

    heap = [(float(n), k, [k]) for k, n in enumerate(counts)]
    heapq.heapify(heap)
    depth, label = [0] * len(counts), len(counts)
    while len(heap) > 1:
        a, b = heapq.heappop(heap), heapq.heappop(heap)
        for k in a[2] + b[2]:
            depth[k] += 1
        heapq.heappush(heap, (a[0] + b[0], label, a[2] + b[2]))
        label += 1
    return np.array(depth)


def codewords(lengths):
    words, place = {}, 0.0
    for n, k in sorted((int(n), k) for k, n in enumerate(lengths)):
        words[k] = format(int(place * 2**n), f"0{n}b").translate(str.maketrans("01", "10"))
        place += 0.5**n
    return [words[k] for k in range(len(lengths))]


# %% task-5 wrong: hands in the steps of the sheet
my_steps = plain_steps


# %% task-5 wrong: finer steps, and so more bits
my_steps = plain_steps / 2


# %% task-5 wrong: coarser steps, and so a lower PSNR
my_steps = plain_steps * 2


# %% task-5 wrong: fewer components at the same precision
my_steps = plain_steps[:32]


# %% task-5 wrong: one number in place of an array
my_steps = float(2 * train_codes.std())


# %% task-5 wrong: steps in proportion to each component's spread, so all get equally many bits
for share in np.arange(3.0, 0.1, -0.1):
    my_steps = share * train_codes.std(axis=0)
    if judge(my_steps, x_validation)[1] >= plain_psnr:
        break


# %% task-5 wrong: one step for all, but far too fine
my_steps = np.full(96, 0.3 * train_codes.std())


# %% task-5 right: one step for half of the components, found by halving an interval
fine, coarse = 0.1 * train_codes.std(), 4.0 * train_codes.std()
for _ in range(10):
    middle = (fine + coarse) / 2
    if judge(np.full(64, middle), x_validation)[1] >= plain_psnr:
        fine = middle
    else:
        coarse = middle
my_steps = [float(fine)] * 64
