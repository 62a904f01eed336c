"""Questions and answers made by rule: who pays with which currency, which city lies where, how a message is translated.

The facts are those of Unicode's CLDR, which `babel` carries in Arabic and English, and the message catalogs of
`django`; `wordings.json` asks for each of them in several ways in both languages. Nothing is downloaded and nothing
is written by a model. Religious words (`religious_words.txt`) stay out of every question and answer.
"""
