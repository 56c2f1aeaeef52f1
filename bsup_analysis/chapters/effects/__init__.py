"""The contrast of the groups, what is inside the priority group, and how sure one can be."""
