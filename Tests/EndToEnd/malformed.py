"""Requests that two parsers could read in two ways, or that are none, and the exact answer to each: {(status, message): {name: bytes}}."""

GET = "GET / HTTP/1.1\r\n"
HOST = "Host: d\r\n"
END = "\r\n"
POST = "POST / HTTP/1.1\r\n" + HOST
CHUNKED = POST + "Transfer-Encoding: chunked\r\n\r\n"

MALFORMED = {
    (400, "The request line has no HTTP version: HTTP/0.9 is refused, end the line with HTTP/1.1."): {
        "HTTP/0.9": "GET /\r\n\r\n",
        "HTTP/0.9 with a blank": "GET / \r\n\r\n",
    },
    (505, "Only HTTP/1.1 and HTTP/1.0 are spoken here."): {
        "HTTP/2.0": "GET / HTTP/2.0\r\n" + HOST + END,
        "the preface of HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "HTTP/1.2": "GET / HTTP/1.2\r\n" + HOST + END,
    },
    (400, "The HTTP version must be written exactly HTTP/1.1 or HTTP/1.0, and end its line."): {
        "a version in lower case": "GET / http/1.1\r\n" + HOST + END,
        "a version of one number": "GET / HTTP/1\r\n" + HOST + END,
        "a version with a zero before": "GET / HTTP/01.1\r\n" + HOST + END,
        "another protocol": "GET / ICY/1.1\r\n" + HOST + END,
        "a blank in the target": "GET /a b HTTP/1.1\r\n" + HOST + END,
    },
    (400, "These bytes begin a TLS handshake, but this socket speaks plain HTTP: connect without TLS."): {
        "a TLS hello": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    },
    (400, "The head holds a NUL or another control byte."): {
        "garbage": "\0\1\2\3\r\n\r\n",
        "a NUL in the target": "GET /a\0b HTTP/1.1\r\n" + HOST + END,
        "a NUL in a value": GET + HOST + "A: b\0c\r\n\r\n",
        "a NUL in a name": GET + HOST + "A\0: b\r\n\r\n",
        "DEL in a value": GET + HOST + "A: \x7f\r\n\r\n",
        "an escape code in a value": GET + HOST + "A: \x1b[31m\r\n\r\n",
        "chunked with a vertical tab": POST + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    },
    (400, "In the request line exactly one space stands between method, target and version, and none elsewhere."): {
        "two blanks before the target": "GET  / HTTP/1.1\r\n" + HOST + END,
        "two blanks behind the target": "GET /  HTTP/1.1\r\n" + HOST + END,
        "a tab behind the method": "GET\t/ HTTP/1.1\r\n" + HOST + END,
        "a blank before the method": " GET / HTTP/1.1\r\n" + HOST + END,
        "a blank behind the version": "GET / HTTP/1.1 \r\n" + HOST + END,
    },
    (400, "The request line must begin with a method made of letters, digits and the other token characters, then a space."): {
        "a bracket in the method": "G[T / HTTP/1.1\r\n" + HOST + END,
        "a byte above 127 in the method": "G\xc9T / HTTP/1.1\r\n" + HOST + END,
        "no method": "/ HTTP/1.1\r\n" + HOST + END,
    },
    (400, "More than two empty lines come before the request line."): {
        "three empty lines before": "\r\n\r\n\r\n" + GET + HOST + END,
    },
    (400, "A line ends in LF alone: every line must end in CR LF."): {
        "a line feed alone before": "\n" + GET + HOST + END,
        "line feeds alone": "GET / HTTP/1.1\nHost: d\n\n",
        "a line feed behind a value": GET + HOST + "A: b\nC: d\r\n\r\n",
        "a coding and a line feed": POST + "Transfer-Encoding: chunked\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "a chunk size that ends in a line feed": CHUNKED + "1\nx\r\n0\r\n\r\n",
        "a line feed behind the last chunk": CHUNKED + "0\n\n",
    },
    (400, "A CR is not followed by LF: every line must end in CR LF."): {
        "a carriage return alone": "GET / HTTP/1.1\rHost: d\r\n\r\n",
        "two carriage returns": "GET / HTTP/1.1\r\r\n" + HOST + END,
        "a carriage return in a value": GET + HOST + "A: b\rc\r\n\r\n",
        "a chunk size that ends in a carriage return": CHUNKED + "1\rx\r\n0\r\n\r\n",
    },
    (400, "The request target must be a path that begins with a slash, or a whole http:// address."): {
        "a target without a slash": "GET x HTTP/1.1\r\n" + HOST + END,
        "an address of another kind": "GET ftp://d/ HTTP/1.1\r\n" + HOST + END,
    },
    (400, "The request target holds a % that two hex digits don't follow: a percent sign itself is %25."): {
        "a broken escape": "GET /%zz HTTP/1.1\r\n" + HOST + END,
        "half an escape": "GET /%4 HTTP/1.1\r\n" + HOST + END,
    },
    (400, "The path holds %00, a NUL byte."): {
        "an escaped NUL in the path": "GET /a%00b HTTP/1.1\r\n" + HOST + END,
    },
    (400, "The request target holds a fragment: # must be percent-encoded as %23."): {
        "a fragment": "GET /a#b HTTP/1.1\r\n" + HOST + END,
    },
    (400, "The request target holds a byte that is not visible ASCII: percent-encode it."): {
        "a byte above 127 in the target": "GET /\xe9 HTTP/1.1\r\n" + HOST + END,
    },
    (400, "The request target * is for OPTIONS only."): {
        "an asterisk for GET": "GET * HTTP/1.1\r\n" + HOST + END,
    },
    (501, "CONNECT is refused: this server is not a tunnel."): {
        "CONNECT": "CONNECT d:80 HTTP/1.1\r\n" + HOST + END,
    },
    (400, "The host in the request target is not a host name or address with an optional port."): {
        "an address without a name": "GET http:/// HTTP/1.1\r\n" + HOST + END,
        "a backslash in the address": "GET http://d\\@other/ HTTP/1.1\r\n" + HOST + END,
        "a user in the address": "GET http://u@d/ HTTP/1.1\r\n" + HOST + END,
    },
    (400, "The Host field names another host than the request target does."): {
        "an address that is not the Host's": "GET http://other/ HTTP/1.1\r\n" + HOST + END,
    },
    (400, "The request has no Host field, which HTTP/1.1 needs."): {
        "no Host": GET + END,
    },
    (400, "The request has more than one Host field."): {
        "two Hosts": GET + "Host: a\r\nHost: b\r\n\r\n",
        "two equal Hosts": GET + HOST + "host: d\r\n\r\n",
    },
    (400, "The Host field is not a host name or address with an optional port."): {
        "a path for a Host": GET + "Host: /var/run/docker.sock\r\n\r\n",
        "a user in the Host": GET + "Host: u@d\r\n\r\n",
        "a blank in the Host": GET + "Host: a b\r\n\r\n",
        "a port that is no number": GET + "Host: d:x\r\n\r\n",
        "a port too high": GET + "Host: d:65536\r\n\r\n",
        "a bracket that does not close": GET + "Host: [::1\r\n\r\n",
        "two Hosts with a comma": GET + "Host: a, b\r\n\r\n",
    },
    (400, "A field name must be followed by its colon at once, with no blank between."): {
        "a blank before the colon": GET + "Host : d\r\n\r\n",
        "a tab before the colon": GET + HOST + "A\t: b\r\n\r\n",
        "a request in place of a trailer": CHUNKED + "0\r\nGET / HTTP/1.1\r\n\r\n",
        "a blank before the colon of a coding": POST + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    },
    (400, "A field line ends before its colon: it must be a name, a colon and a value."): {
        "no colon": GET + HOST + "A\r\n\r\n",
        "a trailer without a colon": CHUNKED + "0\r\nA\r\n\r\n",
    },
    (400, "A field line has no name before its colon."): {
        "no name": GET + HOST + ": b\r\n\r\n",
    },
    (400, "A field line begins with a blank: folding a value over lines is refused."): {
        "a folded field": GET + HOST + "A: b\r\n c\r\n\r\n",
        "a field folded by a tab": GET + HOST + "A: b\r\n\tc\r\n\r\n",
        "a blank before the first field": GET + " " + HOST + END,
        "a blank on the empty line": GET + HOST + " \r\n\r\n",
        "a folded trailer": CHUNKED + "0\r\nA: b\r\n c\r\n\r\n",
    },
    (400, "A field name holds a byte that is not allowed in a token."): {
        "a slash in a name": GET + HOST + "A/B: c\r\n\r\n",
        "a byte above 127 in a name": GET + HOST + "\xe9: b\r\n\r\n",
    },
    (431, "The head, from the first line to the empty line, is too long."): {
        "a head of 65 KiB": GET + HOST + "A: " + "x" * 66000 + "\r\n\r\n",
        "a target of 65 KiB": "GET /" + "x" * 66000 + " HTTP/1.1\r\n" + HOST + END,
    },
    (431, "The head has too many field lines."): {
        "300 fields": GET + HOST + "A: b\r\n" * 300 + END,
    },
    (400, "There is more than one Content-Length field."): {
        "two equal lengths": POST + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        "two lengths": POST + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    },
    (400, "Content-Length must be one decimal number, digits only."): {
        "two lengths with a comma": POST + "Content-Length: 1, 1\r\n\r\nx",
        "a length and a comma": POST + "Content-Length: 1,\r\n\r\nx",
        "two lengths with a slash": POST + "Content-Length: 1/1\r\n\r\nx",
        "a length with a parameter": POST + "Content-Length: 1;a\r\n\r\nx",
        "a length with a sign": POST + "Content-Length: +1\r\n\r\nx",
        "a length below zero": POST + "Content-Length: -1\r\n\r\nx",
        "a length in hexadecimals": POST + "Content-Length: 0x1\r\n\r\nx",
        "an empty length": POST + "Content-Length:\r\n\r\nx",
        "a length with a point": POST + "Content-Length: 1.0\r\n\r\nx",
        "a length with a blank inside": POST + "Content-Length: 1 1\r\n\r\nx",
    },
    (400, "Content-Length is larger than 9223372036854775807."): {
        "a length beyond 64 bits": POST + "Content-Length: 18446744073709551617\r\n\r\nx",
    },
    (400, "Transfer-Encoding and Content-Length come together, so the body's end is in doubt."): {
        "a length and chunks": POST + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "chunks and a length": POST + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    },
    (400, "Transfer-Encoding must be chunked, once, and nothing else."): {
        "a comma before chunked": POST + "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n",
        "a comma behind chunked": POST + "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n",
        "identity and chunked": POST + "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
        "a byte above 127 before chunked": POST + "Transfer-Encoding: \xa0chunked\r\n\r\n0\r\n\r\n",
        "chunked twice": POST + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "chunked in quotes": POST + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
        "a coding before chunked": POST + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "chunked and something behind": POST + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "chunked with a parameter": POST + "Transfer-Encoding: chunked;x=1\r\n\r\n0\r\n\r\n",
        "an empty coding": POST + "Transfer-Encoding:\r\n\r\n",
    },
    (400, "There is more than one Transfer-Encoding field."): {
        "two fields of chunked": POST + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    },
    (501, "The only transfer coding known here is chunked."): {
        "identity": POST + "Transfer-Encoding: identity\r\n\r\n",
        "an unknown coding": POST + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    },
    (400, "Transfer-Encoding comes in an HTTP/1.0 message, which does not have it."): {
        "chunks in HTTP/1.0": "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    },
    (400, "The Connection field names Host, Content-Length or Transfer-Encoding, which no peer on the way may drop."): {
        "Connection names Content-Length": POST + "Connection: close, content-length\r\nContent-Length: 1\r\n\r\nx",
        "Connection names Transfer-Encoding": POST + "Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Connection names Host": GET + HOST + "Connection: host\r\n\r\n",
    },
    (400, "There is more than one Upgrade field."): {
        "two Upgrades": GET + HOST + "Connection: Upgrade\r\nUpgrade: tcp\r\nUpgrade: h2c\r\n\r\n",
    },
    (400, "The Upgrade field must be a list of protocol names with commas between them."): {
        "an empty Upgrade": GET + HOST + "Connection: Upgrade\r\nUpgrade:\r\n\r\n",
    },
    (417, "The only expectation that can be met is 100-continue."): {
        "an unknown expectation": POST + "Expect: a-pony\r\nContent-Length: 1\r\n\r\n",
    },
    (400, "A chunk's size must be hex digits only, and end its line or be followed by a semicolon."): {
        "a chunk size of letters": CHUNKED + "zz\r\n",
        "an empty chunk size": CHUNKED + "\r\nx\r\n",
        "a chunk size with a sign": CHUNKED + "+1\r\nx\r\n0\r\n\r\n",
        "a chunk size below zero": CHUNKED + "-1\r\nx\r\n0\r\n\r\n",
        "a chunk size with 0x": CHUNKED + "0x1\r\nx\r\n0\r\n\r\n",
        "a blank behind a chunk size": CHUNKED + "1 \r\nx\r\n0\r\n\r\n",
        "a blank before an extension": CHUNKED + "1 ;a=b\r\nx\r\n0\r\n\r\n",
        "an underscore in a chunk size": CHUNKED + "1_0\r\n" + "x" * 16 + "\r\n0\r\n\r\n",
        "a blank before a chunk size": CHUNKED + " 1\r\nx\r\n0\r\n\r\n",
    },
    (400, "A chunk's size has more than 16 digits or is larger than 7fffffffffffffff."): {
        "a chunk size of many zeros": CHUNKED + "0" * 17 + "\r\n\r\n",
        "a chunk size beyond 64 bits": CHUNKED + "10000000000000001\r\nx\r\n0\r\n\r\n",
    },
    (400, "A chunk's data is not followed by CR LF: the size before it is wrong."): {
        "a chunk that is longer than its size": CHUNKED + "1\r\nxy\r\n0\r\n\r\n",
        "a chunk that ends in a line feed": CHUNKED + "1\r\nx\n0\r\n\r\n",
    },
    (400, "A chunk extension must be ;name or ;name=value in visible ASCII, with no blanks around."): {
        "a line feed in an extension": CHUNKED + "1;a\nx\r\n0\r\n\r\n",
        "a line feed in a quoted extension": CHUNKED + '1;a="\n"\r\nx\r\n0\r\n\r\n',
        "a line's end in a quoted extension": CHUNKED + '1;a="\r\nx\r\n0\r\n\r\n',
        "a control byte in an extension": CHUNKED + "1;a=\x01\r\nx\r\n0\r\n\r\n",
        "a carriage return in an extension": CHUNKED + "1;a=\rb\r\nx\r\n0\r\n\r\n",
    },
    (400, "The chunk extensions are too long."): {
        "an extension without an end": CHUNKED + "1;" + "x" * 70000,
    },
    (400, "A trailer field has a name that is not allowed after the body, such as Content-Length or Host."): {
        "a length behind the body": CHUNKED + "0\r\nContent-Length: 5\r\n\r\n",
        "a coding behind the body": CHUNKED + "0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "a Host behind the body": CHUNKED + "0\r\nHost: other\r\n\r\n",
    },
    (431, "The trailer fields after the last chunk are too long."): {
        "trailers without an end": CHUNKED + "0\r\nA: " + "x" * 70000,
    },
}
