"""Documents: HTML that stands alone, and Markdown that says the same."""
