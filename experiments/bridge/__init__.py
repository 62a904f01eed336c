"""Whether parallel and translated text help a bilingual model across its languages.

`texts` makes the corpus, in which each pair is read as one document (`pairs`), as two or not at all, with `facts` that
one language alone tells; `matrix` lists the runs, `measuring` asks each model (`reading`, `translation`, `retrieval`,
`recall`). `tables`, `picture` and `page` show what came of it. `python -m experiments.bridge`.
"""
