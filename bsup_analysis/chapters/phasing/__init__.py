"""What municipalities to take in and let go: criteria, rankings, funnel, rules, weighting."""
