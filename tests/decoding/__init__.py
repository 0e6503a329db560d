"""Tests of pacs_proxy.decoding."""
