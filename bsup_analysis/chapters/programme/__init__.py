"""The programme's own figures, recomputed beside what is printed."""
