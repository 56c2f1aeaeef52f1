"""The commands of `bsup`: each puts rooms together and talks to the reader."""
