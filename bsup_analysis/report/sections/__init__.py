"""The sections of the report, each a function from a teller of the results to blocks."""
