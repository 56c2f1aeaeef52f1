"""What is shown to a reader: words and numbers in Norwegian and English."""

from bsup_analysis.language.catalogue import LANGUAGES, Words, notebook_texts, templates
from bsup_analysis.language.numbers import UNKNOWN, Numbers

__all__ = ["LANGUAGES", "UNKNOWN", "Numbers", "Words", "notebook_texts", "templates"]
