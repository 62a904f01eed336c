"""`python -m corpus.fold` writes the table of folds anew, after a change of the definition."""

from corpus.fold.table import make_table, save_table

if __name__ == "__main__":
    save_table(make_table())
