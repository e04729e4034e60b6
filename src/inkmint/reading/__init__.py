"""Reading digits from photographs, scans and drawings: from a file to lines of digits with their confidence."""

DEFAULT_MODEL = "lenet-attention"
"""Who reads unless another is named."""
