"""GPT-2 in NumPy by hand, forward and backward; elementwise parts a few rows at a time."""

import numpy as np

F32 = np.float32
ROWS = 8  # of the widest layer, that they stay in the cache
A, B = F32(0.7978845608), F32(0.044715)


class Norm:
    """Layer normalisation of rows [n, d], remembering what its gradient needs."""

    def forward(self, x, scale, offset):
        y = x - x.mean(1, keepdims=True)
        variance = np.einsum("ij,ij->i", y, y)[:, None] / F32(x.shape[1])
        self._over = 1 / np.sqrt(variance + F32(1e-5))
        np.multiply(y, self._over, y)
        self._y, self._scale = y, scale
        out = y * scale
        return np.add(out, offset, out)

    def backward(self, dy, dscale, doffset):
        """Returns the gradient of the rows; writes those of scale and offset."""
        y = self._y
        np.einsum("ij,ij->j", dy, y, out=dscale)
        np.add.reduce(dy, 0, None, doffset)
        d = dy * self._scale
        along = np.einsum("ij,ij->i", d, y)[:, None] / F32(y.shape[1])
        mean = d.mean(1, keepdims=True)
        d -= mean
        d -= y * along
        return np.multiply(d, self._over, d)


def gelu(u):
    """Returns 0.5 u (1 + tanh(A (u + B u^3))), and that tanh."""
    out, tanh = np.empty_like(u), np.empty_like(u)
    for at in range(0, len(u), ROWS):
        x, t, y = u[at : at + ROWS], tanh[at : at + ROWS], out[at : at + ROWS]
        np.multiply(x, x, t)
        np.multiply(t, B, t)
        np.add(t, F32(1), t)
        np.multiply(t, x, t)
        np.multiply(t, A, t)
        np.tanh(t, t)
        np.add(t, F32(1), y)
        np.multiply(y, x, y)
        np.multiply(y, F32(0.5), y)
    return out, tanh


def gelu_backward(u, tanh, dy):
    """Multiplies `dy` by the derivative, in place."""
    for at in range(0, len(u), ROWS):
        x, t, d = u[at : at + ROWS], tanh[at : at + ROWS], dy[at : at + ROWS]
        inner = A * (1 + 3 * B * (x * x))
        np.multiply(d, F32(0.5) * (1 + t) + F32(0.5) * x * (1 - t * t) * inner, d)
    return dy


class Block:
    """One block over rows [batch * tokens, d]."""

    def __init__(self, held, gradients, heads, shape):
        self._held, self._gradients = held, gradients
        self._heads, self._shape = heads, shape
        self._first, self._second = Norm(), Norm()
        self._mask = np.triu(np.full((shape[1], shape[1]), -1e9, F32), 1)
        self._scale = F32((held[0].size // heads) ** -0.5)

    def _split(self, rows):
        """Returns [batch, heads, tokens, d / heads] as a view."""
        return rows.reshape(*self._shape, self._heads, -1).transpose(0, 2, 1, 3)

    def forward(self, x):
        g1, c1, wq, bq, wo, bo, g2, c2, w1, b1, w2, b2 = self._held
        d = x.shape[1]
        self._h1 = self._first.forward(x, g1, c1)
        qkv = self._h1 @ wq
        qkv += bq
        q, k, v = self._qkv = [self._split(qkv[:, i * d : (i + 1) * d]) for i in range(3)]
        a = np.matmul(q, k.transpose(0, 1, 3, 2))
        np.multiply(a, self._scale, a)
        np.add(a, self._mask, a)
        np.subtract(a, a.max(-1, keepdims=True), a)
        np.exp(a, a)
        np.divide(a, a.sum(-1, keepdims=True), a)
        self._a, self._o = a, np.empty_like(x)
        np.copyto(self._split(self._o), np.matmul(a, v))
        y = self._o @ wo
        y += bo
        y += x
        self._h2 = self._second.forward(y, g2, c2)
        self._u = self._h2 @ w1
        self._u += b1
        self._gelu, self._tanh = gelu(self._u)
        out = self._gelu @ w2
        out += b2
        out += y
        return out

    def backward(self, dy):
        _, _, wq, _, wo, _, _, _, w1, _, w2, _ = self._held
        dg1, dc1, dwq, dbq, dwo, dbo, dg2, dc2, dw1, db1, dw2, db2 = self._gradients
        d = dy.shape[1]
        np.dot(self._gelu.T, dy, dw2)
        np.add.reduce(dy, 0, None, db2)
        du = gelu_backward(self._u, self._tanh, dy @ w2.T)
        np.dot(self._h2.T, du, dw1)
        np.add.reduce(du, 0, None, db1)
        dy = dy + self._second.backward(du @ w1.T, dg2, dc2)
        np.dot(self._o.T, dy, dwo)
        np.add.reduce(dy, 0, None, dbo)
        do = self._split(dy @ wo.T)
        q, k, v = self._qkv
        dqkv = np.empty((len(dy), 3 * d), F32)
        dq, dk, dv = (self._split(dqkv[:, i * d : (i + 1) * d]) for i in range(3))
        np.copyto(dv, np.matmul(self._a.transpose(0, 1, 3, 2), do))
        da = np.matmul(do, v.transpose(0, 1, 3, 2))
        np.subtract(da, np.einsum("bhij,bhij->bhi", da, self._a)[..., None], da)
        np.multiply(da, self._a, da)
        np.multiply(da, self._scale, da)
        np.copyto(dq, np.matmul(da, k))
        np.copyto(dk, np.matmul(da.transpose(0, 1, 3, 2), q))
        np.dot(self._h1.T, dqkv, dwq)
        np.add.reduce(dqkv, 0, None, dbq)
        return dy + self._first.backward(dqkv @ wq.T, dg1, dc1)


class Network:
    """The network; parameters and gradients lie as `gpt2.parameters` says."""

    def __init__(self, held, layers, heads, shape):
        self.gradients = [np.empty_like(p) for p in held]
        self._held, self._shape, end = held, shape, 2 + 12 * layers
        self._blocks = [
            Block(held[k : k + 12], self.gradients[k : k + 12], heads, shape)
            for k in range(2, end, 12)
        ]
        self._last, self._rest = Norm(), held[end:]

    def forward(self, ids):
        """Returns the logits [batch * tokens, words]."""
        words, places = self._held[:2]
        x = (words.take(ids, 0) + places).reshape(-1, words.shape[1])
        for block in self._blocks:
            x = block.forward(x)
        scale, offset, *head = self._rest
        self._x = self._last.forward(x, scale, offset)
        return self._x @ (head[0] if head else words.T)

    def backward(self, ids, dy):
        """Writes the gradients."""
        dwords, dplaces = self.gradients[:2]
        dscale, doffset, dhead = self.gradients[-3:]
        np.dot(self._x.T, dy, dhead)
        d = self._last.backward(dy @ self._rest[2].T, dscale, doffset)
        for block in reversed(self._blocks):
            d = block.backward(d)
        d = d.reshape(*self._shape, -1)
        np.add.reduce(d, 0, None, dplaces)
        dwords[:] = 0
        np.add.at(dwords, ids.reshape(-1), d.reshape(-1, d.shape[-1]))
