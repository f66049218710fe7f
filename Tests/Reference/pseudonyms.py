"""The pseudonyms once more, with Python's own hmac and hashlib.

Without arguments: prints the values that docs/privacy.md publishes.
With --checksum: reads a privacy report as JSON and prints its checksum.
With --lines: reads "domain<TAB>id" lines and prints the alias of each, under the published key.
"""
import base64
import hashlib
import hmac
import json
import sys

MASTER = bytes(range(32))


def code(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def subkey(label):
    # RFC 5869 with an empty salt; 32 bytes are one round of expand.
    return code(code(bytes(32), MASTER), label.encode() + b"\x01")


def counted(text, size):
    return len(text).to_bytes(size, "big") + text


ALIAS = subkey("sheltie/alias")


def alias(domain, account):
    return code(ALIAS, b"alias/v1\0" + counted(domain.encode(), 2) + counted(account.encode(), 2)).hex()


def main():
    first = alias("mastodon.example", "109876543210")
    virtual = code(subkey("sheltie/virtual-account"), b"".join(counted(p, 4) for p in (b"tag-affinity", b"swift", b"en")))
    print("ALIAS1", first)
    print("ALIAS2", alias("localhost:8081", "01HZX-ab_C"))
    print("KEYID", code(MASTER, b"key-id").hex()[:16])
    print("AUTHOR", code(subkey("sheltie/author"), b"https://mastodon.example/users/alice").hex())
    print("LEDGER", code(subkey("sheltie/erasure-ledger"), first.encode()).hex())
    print("VIRTUAL", "sheltie" + base64.b32encode(virtual).decode().lower()[:20])
    print("POST", hashlib.sha256(b"mastodon.example\0https://a.example/users/alice/statuses/1").hexdigest())


def checksum(report):
    facts = {name: value for name, value in json.loads(report).items() if name not in ("made_at", "checksum")}
    return hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


if sys.argv[1:] == ["--checksum"]:
    print(checksum(sys.stdin.read()))
elif sys.argv[1:] == ["--lines"]:
    for line in sys.stdin:
        print(alias(*line.rstrip("\n").split("\t")))
else:
    main()
