"""People compare or rate answers without knowing whose they are; what they clicked becomes agreement and a ranking.

`python -m benchmarks.human serve` shows the page, `agreement` says how far people agree, `export` writes tables and a
report. `study` reads questions and answers, `schedule` draws each annotator's order and sides, `store` keeps every
click, `desk` says what an annotator sees next, `server` speaks HTTP; `alpha` and `ranking` are pure functions.
"""
