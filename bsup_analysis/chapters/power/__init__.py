"""What the study's own tests are worth: SYNTHETIC panels with a known truth, never data."""
