"""The forward pass of multilingual-e5-small in numpy: 12 transformer layers, then the mean over pieces.

Weights are unpacked to full precision once (85 MB): a matrix product by BLAS is then as quick as the 4-bit
kernels, lets go of the interpreter lock and runs on any machine. The word table stays packed in the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from antiphon.providers.local.e5.weights import PackedWeights, unpack

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Norm:
    weight: Floats
    bias: Floats
    epsilon: float

    def __call__(self, x: Floats) -> Floats:
        centred = x - x.mean(axis=-1, keepdims=True)
        spread = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + self.epsilon)
        out: Floats = centred / spread * self.weight + self.bias
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    weight: Floats  # [inputs, outputs]
    bias: Floats

    def __call__(self, x: Floats) -> Floats:
        out: Floats = x @ self.weight + self.bias
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    attend_in: Linear  # query, key and value side by side
    attend_out: Linear
    attend_norm: Norm
    inner_in: Linear
    inner_out: Linear
    inner_norm: Norm


class E5Network:
    """Piece ids of several sentences to one unit vector each."""

    def __init__(self, weights: PackedWeights) -> None:
        sizes = weights.sizes
        self._heads, self._hidden = sizes.heads, sizes.hidden
        self.max_pieces = sizes.positions
        self._words = weights.packed_rows("emb.word", sizes.hidden)
        positions = weights.floats("emb.pos").reshape(-1, sizes.hidden)
        self._positions = positions + weights.floats("emb.type")[: sizes.hidden]
        self._norm = _norm(weights, "emb.ln")
        self._layers = [_layer(weights, number) for number in range(sizes.layers)]

    def __call__(self, sentences: Sequence[Sequence[int]]) -> Floats:
        """Unit vectors [len(sentences), hidden]. Sentences share the matrix products and nothing else."""
        ends = np.cumsum([len(ids) for ids in sentences])
        spans = [slice(end - len(ids), end) for ids, end in zip(sentences, ends, strict=True)]
        ids = np.concatenate([np.asarray(ids, dtype=np.intp) for ids in sentences])
        places = np.concatenate([np.arange(len(ids)) for ids in sentences])
        x = self._norm(unpack(self._words[ids]) + self._positions[places])
        for layer in self._layers:
            attended = layer.attend_out(self._attend(layer.attend_in(x), spans))
            x = layer.attend_norm(x + attended)
            x = layer.inner_norm(x + layer.inner_out(_gelu(layer.inner_in(x))))
        means: Floats = np.stack([x[span].mean(axis=0) for span in spans])
        means /= np.linalg.norm(means, axis=1, keepdims=True)
        return means

    def _attend(self, mixed: Floats, spans: Sequence[slice]) -> Floats:
        out = np.empty((len(mixed), self._hidden), dtype=np.float32)
        size = self._hidden // self._heads
        for span in spans:
            # [pieces, 3, heads, size] to [3, heads, pieces, size]
            query, key, value = mixed[span].reshape(-1, 3, self._heads, size).transpose(1, 2, 0, 3)
            scores = query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(size))
            weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
            weights /= weights.sum(axis=-1, keepdims=True)
            out[span] = (weights @ value).transpose(1, 0, 2).reshape(-1, self._hidden)
        return out


def _gelu(x: Floats) -> Floats:
    """x times the normal distribution, exact form. erf by Abramowitz and Stegun 7.1.26 (error under 2e-7)."""
    z = np.abs(x) * np.float32(0.70710678)
    t = 1.0 / (1.0 + np.float32(0.3275911) * z)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.copysign(1.0 - series * np.exp(-z * z), x)
    out: Floats = 0.5 * x * (1.0 + erf)
    return out


def _layer(weights: PackedWeights, number: int) -> Layer:
    hidden, inner = weights.sizes.hidden, weights.sizes.inner
    mixed = [_linear(weights, f"l{number}.{name}", hidden) for name in ("q", "k", "v")]
    return Layer(
        attend_in=Linear(
            weight=np.concatenate([part.weight for part in mixed], axis=1),
            bias=np.concatenate([part.bias for part in mixed]),
        ),
        attend_out=_linear(weights, f"l{number}.ao", hidden),
        attend_norm=_norm(weights, f"l{number}.aln"),
        inner_in=_linear(weights, f"l{number}.fi", hidden),
        inner_out=_linear(weights, f"l{number}.fo", inner),
        inner_norm=_norm(weights, f"l{number}.oln"),
    )


def _linear(weights: PackedWeights, name: str, inputs: int) -> Linear:
    return Linear(weight=weights.matrix(f"{name}.w", inputs), bias=weights.floats(f"{name}.b"))


def _norm(weights: PackedWeights, name: str) -> Norm:
    return Norm(
        weight=weights.floats(f"{name}.w"), bias=weights.floats(f"{name}.b"), epsilon=weights.sizes.epsilon
    )
