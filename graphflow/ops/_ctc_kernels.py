"""Connectionist temporal classification on arrays: likelihoods of all alignments at once.

A label sequence `l` is read with blanks around each label: `l' = [-, l0, -, l1, -, ...]`. All
sequences of a batch go through time together, one array operation a step; numbers are logarithms
in float64 (a softmax that underflows gives log 0, as in TensorFlow).

Source: A. Graves, Supervised Sequence Labelling with Recurrent Neural Networks, chapter 7.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

Array = np.ndarray[Any, Any]
NONE: Final = -np.inf


def softmax(x: Array) -> Array:
    """Along the last axis, in the type of `x`."""
    powers = np.exp(x - x.max(-1, keepdims=True))
    found: Array = powers / powers.sum(-1, keepdims=True)
    return found


class Alignments:
    """The label sequences of a batch with blanks, padded to one length.

    Args:
        labels: the labels of each sequence.
        times: the number of time steps of each sequence, at least 1.
        blank: the number of the blank.
        merge: whether a label that repeats in time is one label.
    """

    def __init__(self, labels: list[list[int]], times: Array, blank: int, merge: bool) -> None:
        self.times = times
        self.lengths = np.array([2 * len(x) + 1 for x in labels])
        wide = int(self.lengths.max())
        self.symbols = np.full((len(labels), wide), blank)
        for row, sequence in zip(self.symbols, labels, strict=True):
            row[1 : 2 * len(sequence) : 2] = sequence
        self.places = np.arange(wide)
        is_label = self.symbols != blank
        self.may_stay = np.where(is_label & (not merge), NONE, 0.0)
        same = np.zeros(self.symbols.shape, bool)
        same[:, 2:] = self.symbols[:, 2:] == self.symbols[:, :-2]
        skips = is_label & ~(same & merge)
        skips[:, :2] = False
        self.may_skip = np.where(skips, 0.0, NONE)

    def reachable(self, t: int) -> Array:
        """Which places of each sequence a whole alignment can be at in step t."""
        left = self.times - t
        low = self.lengths - 2 * left
        inside = (self.places >= low[:, None]) & (self.places < self.lengths[:, None])
        found: Array = inside & (self.places < 2 * (t + 1)) & (left > 0)[:, None]
        return found

    def forward(self, emitted: Array) -> Array:
        """Logarithms of the likelihood of all beginnings: [time, batch, places]."""
        found = np.full(emitted.shape, NONE)
        found[0, :, :2] = emitted[0, :, :2]
        found[0, self.lengths < 2, 1:] = NONE
        for t in range(1, len(emitted)):
            before = found[t - 1]
            total = before + self.may_stay
            total[:, 1:] = np.logaddexp(total[:, 1:], before[:, :-1])
            total[:, 2:] = np.logaddexp(total[:, 2:], before[:, :-2] + self.may_skip[:, 2:])
            found[t] = np.where(self.reachable(t), total + emitted[t], NONE)
        return found

    def backward(self, emitted: Array) -> Array:
        """Logarithms of the likelihood of all ends behind each step: [time, batch, places]."""
        found = np.full(emitted.shape, NONE)
        ends = np.where(self.places >= (self.lengths - 2)[:, None], 0.0, NONE)
        ends[self.places >= self.lengths[:, None]] = NONE
        for t in range(len(emitted) - 1, -1, -1):
            at_end = (self.times - 1 == t)[:, None]
            if t == len(emitted) - 1:
                found[t] = np.where(at_end, ends, NONE)
                continue
            behind = found[t + 1] + emitted[t + 1]
            total = behind + self.may_stay
            total[:, :-1] = np.logaddexp(total[:, :-1], behind[:, 1:])
            total[:, :-2] = np.logaddexp(total[:, :-2], behind[:, 2:] + self.may_skip[:, 2:])
            found[t] = np.where(at_end, ends, np.where(self.reachable(t), total, NONE))
        return found


def losses(x: Array, labels: list[list[int]], times: Array, merge: bool) -> tuple[Array, Array]:
    """The negative log-likelihoods of label sequences, and their gradients.

    Args:
        x: logits [time, batch, classes]; the last class is the blank.
        labels: the labels of each sequence.
        times: the number of time steps of each sequence, at least 1.
        merge: whether a label that repeats in time is one label.

    Returns:
        (losses [batch], gradients in the shape of `x`). Where there is no alignment, the loss is
        infinite and the gradient the softmax.
    """
    steps, batch, classes = x.shape
    y = softmax(x)
    rows = np.arange(batch)[:, None]
    paths = Alignments(labels, times, classes - 1, merge)
    emitted = np.log(y.astype(np.float64))[:, rows, paths.symbols]
    both = paths.forward(emitted) + paths.backward(emitted)
    found = np.logaddexp.reduce(both[0], axis=1)
    shares = np.exp(both - np.where(found == NONE, 0.0, found)[:, None])
    shares[:, found == NONE] = 0
    used = np.zeros(x.shape)
    flat = (rows * classes + paths.symbols).reshape(-1)
    for t in range(steps):
        used[t] = np.bincount(flat, shares[t].reshape(-1), batch * classes).reshape(batch, classes)
    gradient = y - used
    gradient[:, np.isnan(found)] = np.nan
    gradient[np.arange(steps)[:, None] >= times] = 0
    return -found.astype(x.dtype), gradient.astype(x.dtype)


# --- decoding ---
def best_classes(x: Array) -> Array:
    """The first largest class along the last axis; a nan is passed over unless it comes first."""
    found: Array = np.where(np.isnan(x), NONE, x).argmax(-1)
    found[np.isnan(x[..., 0])] = 0
    return found


class Beams:
    """Prefix beam search over one sequence: the likeliest label sequences so far.

    Nodes of a tree stand for label sequences: `parents[i]` is the one without the last label,
    `labels[i]` that label. The beam is some nodes with the logarithms of their likelihoods: of all
    alignments, of those that end with a blank, and of those that end with the label.

    Args:
        width: how many sequences are kept.
        classes: the number of classes with the blank, which is the last.
    """

    def __init__(self, width: int, classes: int) -> None:
        self.width = width
        self.blank = classes - 1
        self.parents = [-1]
        self.labels = [-1]
        self.children: dict[tuple[int, int], int] = {}
        self.nodes = [0]
        self.total = np.zeros(1)
        self.of_blank = np.zeros(1)
        self.of_label = np.full(1, NONE)

    def step(self, x: Array) -> None:
        """Takes the logits of one time step."""
        largest = x.max()
        logs = x - (largest + np.log(np.exp(x - largest).sum()))
        place = {node: i for i, node in enumerate(self.nodes)}
        labels = np.array([self.labels[n] for n in self.nodes])
        parents = np.array([place.get(self.parents[n], -1) for n in self.nodes])
        new = self._grown(labels, logs)
        inside = parents >= 0
        new[parents[inside], labels[inside]] = NONE  # these are in the beam already
        of_label = self._stayed(labels, parents) + np.where(labels >= 0, logs[labels], NONE)
        of_blank = self.total + logs[self.blank]
        self._choose(np.logaddexp(of_blank, of_label), of_blank, of_label, new)

    def _stayed(self, labels: Array, parents: Array) -> Array:
        """The likelihood of what a node's last label may follow: itself, or the parent."""
        same = labels == labels[parents]
        before = np.where(same, self.of_blank[parents], self.total[parents])
        found: Array = np.logaddexp(self.of_label, np.where(parents >= 0, before, NONE))
        return found

    def _grown(self, labels: Array, logs: Array) -> Array:
        """The likelihood of each node with each further label: [nodes, labels]."""
        same = labels[:, None] == np.arange(self.blank)
        before = np.where(same, self.of_blank[:, None], self.total[:, None])
        found: Array = before + logs[: self.blank]
        return found

    def _choose(self, total: Array, of_blank: Array, of_label: Array, new: Array) -> None:
        """Keeps the likeliest; of equal ones those that were there before."""
        whole = np.concatenate([total, new.reshape(-1)])
        n = len(total)
        first = np.argsort(-whole, kind="stable")[: self.width]
        first = first[(whole[first] > NONE) | (first < n)]
        old = first < n
        at = np.minimum(first, n - 1)
        self.nodes = [
            self.nodes[i] if i < n else self._child(*divmod(i - n, self.blank))
            for i in first.tolist()
        ]
        self.total = whole[first]
        self.of_blank = np.where(old, of_blank[at], NONE)
        self.of_label = np.where(old, of_label[at], self.total)

    def _child(self, position: int, label: int) -> int:
        key = self.nodes[position], label
        node = self.children.get(key)
        if node is None:
            node = self.children[key] = len(self.parents)
            self.parents.append(key[0])
            self.labels.append(label)
        return node

    def best(self, number: int, merge: bool) -> list[tuple[list[int], float]]:
        """The likeliest label sequences and the logarithms of their likelihoods.

        Args:
            number: how many; the beam has as many.
            merge: whether equal labels that follow each other are written once.
        """
        order = np.argsort(-self.total, kind="stable")[:number]
        return [(self._sequence(self.nodes[i], merge), float(self.total[i])) for i in order]

    def _sequence(self, node: int, merge: bool) -> list[int]:
        found: list[int] = []
        behind = -1
        while node:
            label = self.labels[node]
            if not merge or label != behind:
                found.append(label)
            behind, node = label, self.parents[node]
        return found[::-1]
