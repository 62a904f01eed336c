"""The fertility report: everything that is measured, as JSON, CSV and one page that linguists can open anywhere.

`study` reads and cuts, `figures`, `morphology` and `inventory` draw from it, the other modules are the page.
"""
