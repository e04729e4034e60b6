"""The five documents, row by row; numbers are typed in from the documents, whose place stands beside them."""
