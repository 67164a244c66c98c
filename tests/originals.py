"""The original functions from their formulas: float64, one number at a time.

Written from the formulas and remarks in the README of the golden numbers, as
the reference for arguments that the golden files do not have. Arrays are
NumPy's; labels are 0 for void and ``c + 1`` for class ``c`` in ProtoSeg and
ScaleProtoSeg.
"""

import math

import numpy as np


def squared_distances(features, prototypes):
    """``|x(n) - p|^2`` (B,P,H,W) of (B,D,H,W) and (P,D)."""
    batch, _, rows, columns = features.shape
    found = np.zeros((batch, len(prototypes), rows, columns))
    for b, p, h, w in np.ndindex(found.shape):
        found[b, p, h, w] = sum(
            (features[b, d, h, w] - prototypes[p, d]) ** 2
            for d in range(prototypes.shape[1])
        )
    return found


def scale_distances(features, prototypes, scales):
    """Distance of each prototype to the block of its own scale."""
    channels = prototypes.shape[1]
    parts = [
        squared_distances(
            features[:, s * channels : (s + 1) * channels], prototypes[[p]]
        )
        for p, s in enumerate(scales)
    ]
    return np.concatenate(parts, axis=1)


def log_similarity(distances, epsilon=1e-4):
    return np.log((distances + 1) / (distances + epsilon))


def log_similarity_in_float32(features, prototypes, scales):
    """As the original has it in float32: three terms, which cancel."""
    features = features.astype(np.float32)
    prototypes = prototypes.astype(np.float32)
    channels = prototypes.shape[1]
    maps = []
    for p, s in zip(prototypes, scales):
        x = features[:, s * channels : (s + 1) * channels]
        cross = np.einsum('bdhw,d->bhw', x, p)
        terms = (x**2).sum(axis=1) + (-2 * cross + (p**2).sum())
        maps.append(np.maximum(terms, 0))
    distances = np.stack(maps, axis=1)
    one, epsilon = np.float32(1), np.float32(1e-4)
    return np.log((distances + one) / (distances + epsilon))


def group_activations(activations, weights, owners):
    """``exp(sum_p w_kp a_p)`` (B,G*C',H,W), class by class.

    ``weights`` are (G,P_c) of the classes that have prototypes.
    """
    batch, _, rows, columns = activations.shape
    found = []
    for weight, owner in zip(weights, sorted(set(owners))):
        members = [p for p, c in enumerate(owners) if c == owner]
        for row in weight:
            total = np.zeros((batch, rows, columns), activations.dtype)
            for w, p in zip(row, members):
                total += w * activations[:, p]
            found.append(np.exp(total))
    return np.stack(found, axis=1)


def first_last_layer(owners, classes, other=-0.5):
    """1 for the own class of each concept, ``other`` for the rest, (C,K)."""
    return np.array(
        [[1.0 if o == c else other for o in owners] for c in range(classes)]
    )


def scores(activations, weight):
    """``W a`` (B,C,H,W) at every place."""
    return np.einsum('ck,bkhw->bchw', weight, activations)


def pair_diversity(distances, labels, identity, scales=None, shift=1):
    """KLD loss: mean of ``exp(-J)`` over images, classes, scales and pairs.

    Class index ``c`` reads the pixels of label ``c + shift``: 1 where it is
    right, 0 as ProtoSeg was released.
    """
    scales = np.zeros(len(identity), int) if scales is None else scales
    values = []
    for b, c in np.ndindex(len(labels), identity.shape[1]):
        pixels = np.argwhere(labels[b] == c + shift).tolist()
        members = [p for p in range(len(identity)) if identity[p, c]]
        if len(pixels) < 2:
            continue
        spread = {}
        for p in members:
            odds = [math.exp(distances[b, p, h, w]) for h, w in pixels]
            spread[p] = [o / sum(odds) for o in odds]
        for p in members:
            for q in members:
                if p < q and scales[p] == scales[q]:
                    jeffreys = sum(
                        (u - v) * (math.log(u) - math.log(v)) / 2
                        for u, v in zip(spread[p], spread[q])
                    )
                    values.append(math.exp(-jeffreys))
    return sum(values) / len(values) if values else 0.0


def cluster_costs(distances, labels, identity, ceiling):
    """Cluster and separation cost of (B,P), clipped at the ceiling."""
    cluster, separation = [], []
    for row, label in zip(distances, labels):
        own = [(ceiling - d) * i for d, i in zip(row, identity[:, label])]
        others = [
            (ceiling - d) * (1 - i) for d, i in zip(row, identity[:, label])
        ]
        cluster.append(ceiling - max(own))
        separation.append(ceiling - max(others))
    return np.mean(cluster), np.mean(separation)


def l1_norm(weight, identity=None):
    """Sum of ``|W|`` (C,P), without the own classes of ``identity`` (P,C)."""
    return sum(
        abs(weight[c, p])
        for c, p in np.ndindex(weight.shape)
        if identity is None or not identity[p, c]
    )


def group_entropy(weights, eps=1e-5):
    """Mean over rows of classes that have more than one prototype."""
    values = [
        -sum(w * math.log(w + eps) for w in row) / math.log(len(row))
        for weight in weights
        for row in weight
        if len(row) > 1
    ]
    return sum(values) / len(values)


def project_simplex(row, radius):
    """Nearest point of ``w >= 0, sum(w) = radius``, by bisection."""
    low, high = min(row) - radius, max(row)
    for _ in range(200):
        middle = (low + high) / 2
        if sum(max(v - middle, 0) for v in row) > radius:
            low = middle
        else:
            high = middle
    return np.array([max(v - high, 0) for v in row])


def non_negative_linear(x, weight):
    """``x relu(W)^T`` (B,C)."""
    found = np.zeros((len(x), len(weight)))
    for b, c in np.ndindex(found.shape):
        found[b, c] = sum(
            value * max(w, 0) for value, w in zip(x[b], weight[c])
        )
    return found


def alignment(inputs, targets, eps=1e-12):
    """``-mean log(<z,t> + eps)`` of (n,K)."""
    terms = [
        -math.log(sum(z * t for z, t in zip(one, other)) + eps)
        for one, other in zip(inputs, targets)
    ]
    return sum(terms) / len(terms)


def tanh_loss(pooled, eps):
    """``-mean_k log(tanh(sum_b p_bk) + eps)`` of (B,K)."""
    present = [math.tanh(sum(column)) for column in pooled.T]
    return -sum(math.log(p + eps) for p in present) / len(present)


def jensen_shannon(pooled):
    """ReProSeg's: mean over images of ``exp(-mean_k KL(m || u_k))``."""
    values = []
    for image in pooled:
        odds = [[math.exp(v) for v in row.ravel()] for row in image]
        spread = [[v / sum(row) for v in row] for row in odds]
        mean = [sum(column) / len(spread) for column in zip(*spread)]
        divergences = [
            sum(m * math.log(m / u) for m, u in zip(mean, row))
            for row in spread
        ]
        values.append(math.exp(-sum(divergences) / len(spread)))
    return sum(values) / len(values)


def class_logits(evidence, multiplier):
    """PIP-Net's ``log(1 + o^m)``."""
    found = np.zeros_like(evidence)
    for place in np.ndindex(evidence.shape):
        found[place] = math.log(1 + evidence[place] ** multiplier)
    return found


def cross_entropy(logits, labels):
    """Mean over samples of (n,C)."""
    terms = [
        math.log(sum(math.exp(v) for v in row)) - row[label]
        for row, label in zip(logits, labels)
    ]
    return sum(terms) / len(terms)


def softmax(values, axis):
    odds = np.exp(values)
    return odds / odds.sum(axis=axis, keepdims=True)


def shared_convolution(x, kernel, rate):
    """3x3 convolution (B,K,H,W) of that dilation, zeros around the map."""
    batch, channels, rows, columns = x.shape
    found = np.zeros((batch, len(kernel), rows, columns))
    for b, k, h, w in np.ndindex(found.shape):
        for i, j in np.ndindex(3, 3):
            row, column = h + (i - 1) * rate, w + (j - 1) * rate
            if 0 <= row < rows and 0 <= column < columns:
                found[b, k, h, w] += sum(
                    x[b, d, row, column] * kernel[k, d, i, j]
                    for d in range(channels)
                )
    return found


def proximal(weight, threshold):
    """``max(w - threshold, 0)``."""
    found = np.zeros_like(weight)
    for place in np.ndindex(weight.shape):
        found[place] = max(weight[place] - threshold, 0)
    return found
