"""Notebook 13: what surrounded the programme, measured in every municipality."""
