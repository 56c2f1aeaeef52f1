"""Who was selected: maps, sizes, growth, balance."""
