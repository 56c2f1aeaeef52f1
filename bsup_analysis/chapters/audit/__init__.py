"""The document's statements and what became of each."""
