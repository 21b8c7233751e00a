"""as_json.py FILE: a file of YAML as JSON, its anchors and merges resolved: a list of its documents."""

import json
import sys

import yaml

with open(sys.argv[1], encoding="utf-8") as file:
    print(json.dumps(list(yaml.safe_load_all(file))))
