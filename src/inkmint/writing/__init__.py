"""Numbers in one hand, and morphs between digits."""
