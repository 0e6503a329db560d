"""The edge: the viewer's files."""
