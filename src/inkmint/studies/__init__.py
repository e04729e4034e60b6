"""Protocols as data, and the experiments built from them."""
