"""The command line: thin, and quick to answer because heavy imports wait inside the commands."""
