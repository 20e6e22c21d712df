"""Ways to say the same thing so that a guard and an engine may hear two things."""

import gzip
import json



def paths(path):
    """Spellings of a path. An engine takes some for the path itself, some for another, and some for none."""
    route, _, query = path.partition("?")
    query = query and "?" + query
    first, _, rest = route[1:].partition("/")
    encoded = "/" + "".join(f"%{ord(c):02x}" if i == 0 else c for i, c in enumerate(first)) + ("/" + rest if rest else "")
    last = route.rpartition("/")
    return [
        text + query for text in (
            route, "/v1.41" + route, "/v1.24" + route, "/v1.41.0" + route, "/v1.12" + route, "/%76%31%2e41" + route, "/v1%2E41" + route,
            "/V1.41" + route, "/v..." + route, "/v1.41/v1.41" + route, "/v" + route, "/v99" + route, encoded, "/v1.41" + encoded,
            "/" + route, "/." + route, "/x/.." + route, "/%2e" + route, "/x/%2e%2e" + route, "/v1.41/." + route, "/v1.41/_ping/.." + route,
            "/_ping/%2e%2e" + route, "/_ping%2f.." + route, "/%2e%2e" + route, "/\\" + route, "/%5c" + route, route + "/", route + "//",
            route + "/.", route + "%20", route + ";x", route + "%3fx", route + "%23", route + "%00", route + "%0a",
            route + "%c0%af", route.upper(),
            "http://d" + route, "http://d/v1.41" + route, "HTTP://d" + route, "http://u@d" + route, "https://d" + route,
            route.replace("/", "%2F"), "/" + route[1:].replace("/", "%2F"), route.replace("/", "//"), last[0] + "/%2e/" + last[2],
            last[0] + "%2f" + last[2], "/_ping?" + route, "/_ping#" + route, "*" + route,
        )]


def _escaped(value):
    """JSON with every letter of every name written as \\uXXXX."""
    if isinstance(value, dict):
        pairs = ('"' + "".join(f"\\u{ord(c):04x}" for c in name) + '":' + _escaped(inner) for name, inner in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_escaped, value)) + "]"
    return json.dumps(value)


def _renamed(value, change):
    if isinstance(value, dict):
        return {change(name): _renamed(inner, change) for name, inner in value.items()}
    return [_renamed(inner, change) for inner in value] if isinstance(value, list) else value


def bodies(evil, harmless):
    """Spellings of an evil body, each with headers: the engine takes some for it, some for `harmless`, and refuses some."""
    kind = [("Content-Type", "application/json")]
    plain, good = json.dumps(evil), json.dumps(harmless)
    within = {name: value for name, value in evil.items() if harmless.get(name) != value}
    outer, inner = next(iter(within.items()))
    twice = good[:-1] + ("," if len(harmless) else "") + json.dumps(within)[1:]
    first = "{" + json.dumps(within)[1:-1] + "," + good[1:]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (plain[:7].encode(), plain[7:].encode())) + b"0\r\n\r\n"
    texts = {
        "plain": plain, "spaces": " \n\t" + json.dumps(evil, indent=3) + "\r\n ", "escaped names": _escaped(evil),
        "named again after": twice, "named again before": first, "lower case": json.dumps(_renamed(evil, str.lower)),
        "upper case": json.dumps(_renamed(evil, str.upper)), "odd case": json.dumps(_renamed(evil, str.swapcase)),
        "inner names in lower case": json.dumps({outer: _renamed(inner, str.lower)} | {k: v for k, v in evil.items() if k != outer}),
        "long s": json.dumps(_renamed(evil, lambda name: name.replace("s", "\u017f")), ensure_ascii=False),
        "Kelvin": json.dumps(_renamed(evil, lambda name: name.replace("k", "\u212a").replace("K", "\u212a")), ensure_ascii=False),
        "both cases": good[:-1] + "," + json.dumps(_renamed(within, str.lower))[1:],
        "both cases, inside": json.dumps({outer: _renamed(inner, str.upper) | {} if isinstance(inner, dict) else inner} | harmless),
        "something behind": plain + good, "something before": good + plain, "a comma too many": plain[:-1] + ",}", "a list": "[" + plain + "]",
        "not closed": plain[:-1], "a comment": "/**/" + plain, "single quotes": plain.replace('"', "'"),
    }
    raws = {
        "BOM": b"\xef\xbb\xbf" + plain.encode(), "UTF-16": plain.encode("utf-16"), "UTF-32": plain.encode("utf-32"),
        "bad UTF-8": plain.encode().replace(b'":', b'\xff":', 1), "NUL behind": plain.encode() + b"\0",
    }
    for name, text in texts.items():
        yield name, kind, text.encode()
    for name, data in raws.items():
        yield name, kind, data
    for other in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=utf-16",
                  "APPLICATION/JSON", "application/json, text/plain", "application/jsonx", "text/json", ""):
        yield "Content-Type " + other, [("Content-Type", other)], plain.encode()
    yield "no Content-Type", [], plain.encode()
    yield "two Content-Types", [("Content-Type", "text/plain"), *kind], plain.encode()
    yield "gzip", [*kind, ("Content-Encoding", "gzip")], gzip.compress(plain.encode())
    yield "chunks", [*kind, ("Transfer-Encoding", "chunked")], chunks
    yield "chunks and a length", [*kind, ("Transfer-Encoding", "chunked"), ("Content-Length", "4")], chunks
    yield "two lengths", [*kind, ("Content-Length", str(len(good))), ("Content-Length", str(len(plain)))], plain.encode()
    yield "padding", kind, plain.encode() + b" " * (2 << 20)
