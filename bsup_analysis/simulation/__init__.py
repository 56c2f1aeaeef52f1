"""Synthetic panels with a known effect, and what the study's tests make of them.

Everything here is SYNTHETIC: it measures size, power and coverage, and is never an estimate.
"""
