"""Reference implementation of the losses: loops over the formulas of the papers in double precision."""

import numpy as np


def pyramid(
    first, second, alpha=0.5, unit=0, tau=1.0, normalise=False, temporal=None, series=None, instance_tau=None
):
    """Algorithm 1 of TS2Vec. `temporal(a, b, tau, stride)` and `series(i, j)` stand for what an option changes."""
    a, b = (np.asarray(v, np.float64) for v in (first, second))
    if normalise:
        a, b = (v / np.linalg.norm(v, axis=-1, keepdims=True) for v in (a, b))
    temporal = temporal or plain_temporal
    total, scale = 0.0, 0
    while True:
        steps = a.shape[1]
        total += alpha * instance(a, b, instance_tau or tau, series)
        if steps > 1 and scale >= unit:
            total += (1 - alpha) * temporal(a, b, tau, 2**scale)
        scale += 1
        if steps == 1:
            return total / scale
        a, b = (halved(v) for v in (a, b))


def halved(view):
    return np.stack([view[:, 2 * t : 2 * t + 2].max(axis=1) for t in range(view.shape[1] // 2)], axis=1)


def instance(a, b, tau=1.0, series=None):
    if len(a) == 1:
        return 0.0
    weight = (lambda i, j: 1.0) if series is None else (lambda i, j: 1.0 if i == j else 1 - series[i, j])
    steps = a.shape[1]
    return np.mean([contrasted(a[:, t], b[:, t], tau, weight, weight, weight) for t in range(steps)])


def plain_temporal(a, b, tau=1.0, stride=1):
    return weighed_temporal(a, b, tau, lambda i, j: 1.0)


def dropping(near):
    """Candidates count by 1 - similarity."""

    def term(a, b, tau, stride):
        return weighed_temporal(a, b, tau, lambda i, j: 1.0 if i == j else 1 - near(abs(i - j) * stride))

    return term


def weighed_temporal(a, b, tau, weight):
    return np.mean([contrasted(x, y, tau, weight, weight, weight) for x, y in zip(a, b, strict=True)])


def contrasted(x, y, tau, of_x, of_y, across):
    """Mean loss of the vectors of two views, of which each seeks its twin among all the others."""
    losses = []
    for i in range(len(x)):
        for own, other, inner, outer in ((x, y, of_x, across), (y, x, of_y, lambda i, j: across(j, i))):
            candidates = sum(inner(i, j) * np.exp(own[i] @ own[j] / tau) for j in range(len(x)) if j != i)
            candidates += sum(outer(i, j) * np.exp(own[i] @ other[j] / tau) for j in range(len(x)))
            losses.append(np.log(candidates) - own[i] @ other[i] / tau)
    return np.mean(losses)


def attracting(near):
    """All near steps of both views are positives, in proportion to their similarity."""

    def term(a, b, tau, stride):
        losses = []
        for x, y in zip(a, b, strict=True):
            for i in range(len(x)):
                for own, other in ((x, y), (y, x)):
                    losses.append(pulled(own, other, i, tau, near, stride))
        return np.mean(losses)

    return term


def pulled(own, other, i, tau, near, stride):
    pairs = [(own[i] @ own[j] / tau, near(abs(i - j) * stride)) for j in range(len(own)) if j != i]
    pairs += [(own[i] @ other[j] / tau, near(abs(i - j) * stride)) for j in range(len(own))]
    norm = np.log(sum(np.exp(s) for s, _ in pairs))
    return sum(p * (norm - s) for s, p in pairs) / sum(p for _, p in pairs)


def following(near):
    """DepTS2Vec: l_jl = -(s_jl - log sum over m > j of exp s_jm), weighed over l > j."""

    def term(a, b, tau, stride):
        losses = []
        for z in (*a, *b):
            s = z @ z.T / tau
            for j in range(len(z)):
                g = np.array([near((later - j) * stride) for later in range(j + 1, len(z))])
                norm = np.log(np.exp(s[j, j + 1 :]).sum()) if j + 1 < len(z) else 0.0
                losses.append((g * (norm - s[j, j + 1 :])).sum() / g.sum() if g.sum() else 0.0)
        return np.mean(losses)

    return term


def hardening(near, hardness, keep=lambda similarity: 1.0):
    """Far pairs that are closer than the mean distance count for more; `keep` weighs the rest."""

    def term(a, b, tau, stride):
        def weight(x, y):
            d = [[1 - p @ q / np.linalg.norm(p) / np.linalg.norm(q) for q in y] for p in x]
            d, mean = np.array(d), np.mean(d)

            def w(i, j):
                similarity = near(abs(i - j) * stride)
                extra = hardness * max(0.0, mean - d[i, j]) / mean if similarity <= 0 else 0.0
                return (1 + extra) * (1.0 if i == j else keep(similarity))

            return w

        parts = zip(a, b, strict=True)
        return np.mean([contrasted(x, y, tau, weight(x, x), weight(y, y), weight(x, y)) for x, y in parts])

    return term
