"""The part of the site that is ours: what `make site` adds to Sphinx."""
