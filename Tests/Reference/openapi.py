"""Looks through an OpenAPI document of the person API and prints its operations: METHOD PATH, and whether a token is needed."""
import json
import re
import sys

document = json.load(open(sys.argv[1]))
assert document["openapi"] == "3.1.0" and document["servers"] == [{"url": "/sheltie/api/v1"}]
for path, operations in document["paths"].items():
    for method, operation in operations.items():
        parameters = operation.get("parameters", [])
        assert sorted(p["name"] for p in parameters if p["in"] == "path") == sorted(re.findall(r"{(\w+)}", path)), path
        assert all(p["description"] and p["schema"]["type"] and p["in"] in ("path", "query") for p in parameters), path
        assert operation["summary"] and "2XX" in operation["responses"] and "default" in operation["responses"], path
        assert method in ("post", "put") or "requestBody" not in operation, path
        print(method.upper(), path, str(operation["security"] != []).lower())
