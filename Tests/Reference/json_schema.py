"""Checks JSON documents against a JSON Schema (2020-12), as far as the schemas of this project go; a keyword that it does not know is
an error, so that nothing stays unchecked.

    json_schema.py SCHEMA < DOCUMENT      one document on standard input, or with --lines one in each line
Prints what does not fit, a line each, and ends with 1 where there is something.
"""
import json
import re
import sys

TEXT = {"$schema", "$id", "title", "description", "$defs"}
TYPES = {
    "string": lambda v: isinstance(v, str), "null": lambda v: v is None, "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list), "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool), "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
}


def faults(schema, value, root, path="$"):
    if schema is True:
        return
    if schema is False:
        yield f"{path}: not allowed"
        return
    for word, rule in schema.items():
        if word in TEXT:
            continue
        elif word == "$ref":
            if not rule.startswith("#/"):
                sys.exit(f"a reference to elsewhere: {rule}")
            target = root
            for part in rule[2:].split("/"):
                target = target[part]
            yield from faults(target, value, root, path)
        elif word == "oneOf":
            found = [list(faults(one, value, root, path)) for one in rule]
            if sum(not one for one in found) != 1:
                yield f"{path}: fits {sum(not one for one in found)} of oneOf: {found}"
        elif word == "type":
            if not any(TYPES[one](value) for one in ([rule] if isinstance(rule, str) else rule)):
                yield f"{path}: is no {rule}"
        elif word == "const":
            if value != rule:
                yield f"{path}: is not {rule}"
        elif word == "enum":
            if value not in rule:
                yield f"{path}: is none of {rule}"
        elif word == "pattern":
            if isinstance(value, str) and not re.search(rule, value):
                yield f"{path}: does not match {rule}"
        elif word == "minimum":
            if isinstance(value, (int, float)) and value < rule:
                yield f"{path}: is under {rule}"
        elif word == "required":
            for name in rule:
                if isinstance(value, dict) and name not in value:
                    yield f"{path}: lacks {name}"
        elif word == "properties":
            for name, one in rule.items():
                if isinstance(value, dict) and name in value:
                    yield from faults(one, value[name], root, f"{path}.{name}")
        elif word == "additionalProperties":
            for name in value if isinstance(value, dict) else []:
                if name not in schema.get("properties", {}):
                    yield from faults(rule, value[name], root, f"{path}.{name}")
        elif word == "items":
            for place, one in enumerate(value if isinstance(value, list) else []):
                yield from faults(rule, one, root, f"{path}[{place}]")
        else:
            sys.exit(f"a keyword that is not checked: {word}")


schema = json.load(open(sys.argv[1]))
documents = sys.stdin.read().splitlines() if "--lines" in sys.argv else [sys.stdin.read()]
if not documents or not documents[0]:
    sys.exit("no document")
wrong = [fault for document in documents for fault in faults(schema, json.loads(document), schema)]
print("\n".join(wrong) if wrong else f"{len(documents)} fit")
sys.exit(1 if wrong else 0)
