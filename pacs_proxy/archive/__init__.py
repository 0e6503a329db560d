"""Instances and studies we can hand out."""
