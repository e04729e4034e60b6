"""Grids and searches over a recipe's fields, shared by any number of workers on one or many machines."""
