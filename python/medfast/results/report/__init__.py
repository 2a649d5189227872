"""Finished runs on one page: how good, how sure, where it fails, and how to get it again."""
