"""What is shown to a reader: words and numbers in Norwegian, English and any other language."""

from bsup_analysis.language.catalogue import LANGUAGES, Words, gaps, notebook_texts, templates
from bsup_analysis.language.numbers import UNKNOWN, Numbers

__all__ = ["LANGUAGES", "UNKNOWN", "Numbers", "Words", "gaps", "notebook_texts", "templates"]
