"""Models in files that other programs read: ONNX, the Hugging Face hub layout, a folder for browsers."""
