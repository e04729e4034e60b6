"""Models that run on onnxruntime, without torch."""
