"""A page of what is known of one municipality, on the same scales as every other's."""
