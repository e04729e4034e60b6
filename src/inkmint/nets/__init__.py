"""Architectures only: no losses, no optimisers.

Every generator maps `(z_NZ, y_N)` to images `x_NCHW` in [-1, 1]; every discriminator maps
`(x_NCHW, y_N)` to a `Critique`; every recogniser maps `x_NCHW` to class logits `(N, K)`.
"""
