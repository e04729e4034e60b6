"""The one training loop, what it is given, and the folder it leaves behind."""
