"""A conversation in the terminal, with a model on this machine or behind an address.

`answering` opens the model and streams its answers, `commands` are the lines that begin with a slash, `display` puts
text on the terminal, `dialogue` goes from line to line. Shaping and direction are the terminal's business.
"""
