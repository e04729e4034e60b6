"""One self-contained HTML page about a run folder or a demo folder; reads files, computes nothing anew."""
