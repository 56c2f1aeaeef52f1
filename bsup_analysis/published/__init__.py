"""The one reader and writer of `reports/`: what is published, where it is from, what changed."""
