"""Labelled sets of minted digits of any size, made shard by shard by any number of processes."""
