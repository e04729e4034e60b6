"""The local web page and its JSON API: needs no torch."""
