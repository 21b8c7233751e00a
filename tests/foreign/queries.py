"""queries.py DOCUMENT: runs the queries of a document in the current folder and prints their rows as JSON.

A query is a fenced block of SQL or Python whose first line is a comment with its name. The answer is
{"sql": {name: [row, ...]}, "python": {name: [row, ...]}}, dates as text.
"""

import json
import re
import sys

import duckdb

with open(sys.argv[1], encoding="utf-8") as document:
    blocks = re.findall(r"^```(sql|python)\n(?:--|#) ([^\n]*)\n(.*?)^```$", document.read(), re.DOTALL | re.MULTILINE)

answers = {"sql": {}, "python": {}}
for language, name, query in blocks:
    if language == "sql":
        rows = duckdb.connect().execute(query).fetchall()
    else:
        scope = {}
        exec(query, scope)
        rows = scope["volumes"].rows()
    answers[language][name] = rows
print(json.dumps(answers, default=str))
