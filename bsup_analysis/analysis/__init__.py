"""Where the estimators meet the study's tables and its design; nothing is estimated by hand."""
