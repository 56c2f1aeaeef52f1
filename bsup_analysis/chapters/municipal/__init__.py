"""The municipal level: what a table of all municipalities says, and what it cannot say."""
