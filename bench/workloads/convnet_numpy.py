"""The convolutional walkthrough in NumPy by hand, a few images at a time."""

import numpy as np

F32 = np.float32
BLOCK = 2


class Convolution:
    """5x5 convolution, bias, ReLU and 2x2 pool of padded images; pooled before bias and ReLU.

    Args:
      n, size: the number of images, and their height and width.
      inputs, outputs: channels.
    """

    def __init__(self, n, size, inputs, outputs):
        half = size // 2
        self.n, self.size, self.inputs, self.outputs = n, size, inputs, outputs
        self.padded = np.zeros((n, size + 4, size + 4, inputs), F32)
        self.image = self.padded[:, 2:-2, 2:-2]
        self._flat = np.empty((n, size, size, outputs), F32)
        self._largest = np.empty((n, half, half, outputs), F32)
        self._rows = np.empty((BLOCK, half, size, outputs), F32)
        self._columns = np.empty((BLOCK, size, size, 25 * inputs), F32)
        self._padded_dy = np.zeros((BLOCK, size + 4, size + 4, outputs), F32)
        self._dy_columns = np.empty((BLOCK, size, size, 25 * outputs), F32)

    def _taps(self, padded, into):
        """Copies the 25 shifted images behind each other; returns them as rows."""
        n, channels = len(padded), padded.shape[-1]
        s = padded.strides
        shape = (n, self.size, self.size, 5, 5, channels)
        view = np.lib.stride_tricks.as_strided(padded, shape, (s[0], s[1], s[2], s[1], s[2], s[3]))
        np.copyto(into[:n].reshape(shape), view)
        return into[:n].reshape(-1, 25 * channels)

    def forward(self, w, b, y):
        """Writes the pooled images to `y`, a view into the next layer's padded images."""
        w = w.reshape(-1, self.outputs)
        for at in range(0, self.n, BLOCK):
            part = slice(at, min(at + BLOCK, self.n))
            flat, largest = self._flat[part], self._largest[part]
            columns = self._taps(self.padded[part], self._columns)
            np.dot(columns, w, flat.reshape(-1, self.outputs))
            rows = self._rows[: len(flat)]
            np.maximum(flat[:, ::2], flat[:, 1::2], out=rows)
            np.maximum(rows[:, :, ::2], rows[:, :, 1::2], out=largest)
            np.add(largest, b, y[part])
            np.maximum(y[part], 0, out=y[part])

    def _unpool(self, part, dy, into):
        """Writes to each window's first largest place what arrives at the window."""
        flat, largest = self._flat[part], self._largest[part]
        for i in (0, 1):
            for j in (0, 1):
                place = into[:, i::2, j::2]
                np.multiply(dy, flat[:, i::2, j::2] == largest, place)
                np.subtract(dy, place, dy)

    def backward(self, w, y, dy, dw, db, dx=None):
        """Writes the gradients of weights, bias and (unless None) images; `dy` is used up."""
        turned = np.ascontiguousarray(w[::-1, ::-1].transpose(0, 1, 3, 2)).reshape(-1, self.inputs)
        dw, found = dw.reshape(-1, self.outputs), np.empty((25 * self.inputs, self.outputs), F32)
        dw[:] = 0
        np.multiply(dy, y > 0, dy)
        np.add.reduce(dy.reshape(-1, self.outputs), 0, None, db)
        for at in range(0, self.n, BLOCK):
            part = slice(at, min(at + BLOCK, self.n))
            padded = self._padded_dy[: part.stop - at]
            inner = padded[:, 2:-2, 2:-2]
            self._unpool(part, dy[part], inner)
            columns = self._taps(self.padded[part], self._columns)
            np.dot(columns.T, np.ascontiguousarray(inner).reshape(-1, self.outputs), found)
            np.add(dw, found, dw)
            if dx is not None:
                columns = self._taps(padded, self._dy_columns)
                np.dot(columns, turned, dx[part].reshape(-1, self.inputs))


class Network:
    """The network with buffers for one batch.

    Args:
      parameters: weights and biases of the four layers, in turn; `gradients` lie likewise.
      n: the number of images.
    """

    def __init__(self, parameters, n):
        self.parameters = parameters
        self.gradients = [np.empty_like(p) for p in parameters]
        self._first, self._second = Convolution(n, 28, 1, 32), Convolution(n, 14, 32, 64)
        self._features = np.empty((n, 7, 7, 64), F32)
        self._hidden, self._logits = np.empty((n, 1024), F32), np.empty((n, 10), F32)
        self._dropped = np.empty((n, 1024), F32)
        self._rng = np.random.Generator(np.random.SFC64(1))
        self._keep = 1.0

    def forward(self, x, keep=1.0):
        """Returns the logits."""
        w1, b1, w2, b2, w3, b3, w4, b4 = self.parameters
        h, logits, self._keep = self._hidden, self._logits, keep
        self._first.image[..., 0] = x.reshape(-1, 28, 28)
        self._first.forward(w1, b1, self._second.image)
        self._second.forward(w2, b2, self._features)
        np.dot(self._features.reshape(-1, 3136), w3, h)
        np.add(h, b3, h)
        np.maximum(h, 0, out=h)
        if keep < 1:
            kept = self._dropped
            self._rng.random(out=kept, dtype=F32)
            np.less(kept, F32(keep), kept, casting="unsafe")
            np.multiply(kept, F32(1 / keep), kept)
            np.multiply(h, kept, h)
        np.dot(h, w4, logits)
        return np.add(logits, b4, logits)

    def backward(self, dy):
        """Writes the gradients."""
        _, _, w2, _, w3, _, w4, _ = self.parameters
        dw1, db1, dw2, db2, dw3, db3, dw4, db4 = self.gradients
        h, features = self._hidden, self._features
        np.dot(h.T, dy, dw4)
        np.add.reduce(dy, 0, None, db4)
        dh = np.dot(dy, w4.T)
        np.multiply(dh, h > 0, dh)
        if self._keep < 1:
            np.multiply(dh, self._dropped, dh)
        np.dot(features.reshape(-1, 3136).T, dh, dw3)
        np.add.reduce(dh, 0, None, db3)
        dfeatures = np.dot(dh, w3.T).reshape(features.shape)
        dimage = np.empty((len(h), 14, 14, 32), F32)
        self._second.backward(w2, features, dfeatures, dw2, db2, dimage)
        self._first.backward(self.parameters[0], self._second.image, dimage, dw1, db1)
