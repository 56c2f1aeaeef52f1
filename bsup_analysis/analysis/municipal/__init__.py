"""The municipal level: the estimators meet the municipal table, and refusals keep their reason."""
