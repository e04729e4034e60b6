"""What kinds of tables and figures there are: each says what to measure for a row and how to show what was found."""
