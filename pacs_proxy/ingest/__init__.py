"""Bytes coming in: uploads, what they are, and how they get into the archive."""
