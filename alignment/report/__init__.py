"""What reports of alignment runs have in common: the page's frame, points of a journal, how to make it again."""
