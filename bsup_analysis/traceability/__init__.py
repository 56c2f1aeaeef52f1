"""From a number back to the file, row and page it comes from, and what changed between two runs."""
