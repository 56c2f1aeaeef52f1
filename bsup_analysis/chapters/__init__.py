"""A chapter a notebook: its exhibits, and its words in both languages; none imports another."""
