"""Makes hostile requests out of valid ones; the same generator gives the same ones again."""

import base64
import gzip
import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from function.observation import COLUMNS
from tests.trust.hostile.request import Request

_DEEP: Final = (b"[" * 50 + b"]" * 50, b"[" * 3000, b'{"a":' * 60 + b"1" + b"}" * 60)
_LITERALS: Final = (
    *(b"0", b"-0", b"-1", b"1", b"0.1", b"1.0", b"1e0", b"1e308", b"1e309", b"-1e999", b"1e-999"),
    *(b"NaN", b"Infinity", b"-Infinity", b"1" * 400, b"1" * 5000, b"9007199254740993", b"0x10"),
    *(b"18446744073709551615", b"18446744073709551616", b"-9223372036854775809", b"1.", b"01"),
    *(b"null", b"true", b"false", b"[]", b"{}", b"[null]", b"[[]]", b'[{"a":[]}]', *_DEEP),
    *(b'""', b'" "', b'"\\u0000"', b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\ud83d\\ude00"'),
    *(b'"\xed\xa0\x80"', b'"\xff"', b'"\xc0\x80"', b'"\n"', b'"\\x"', b'"' + b"a" * 300 + b'"'),
    *(b'"Hobart"', b'"hob art"', b'"Hobat"', b'"NNE"', b'"ne"', b'"yes"', b'"No"', b'"Calm"'),
    *(b'"2024-02-29"', b'"2024-02-30"', b'"0000-00-00"', b'"0001-01-01"', b'"9999-12-31"'),
    *(b'"2024-06-30T00:00:00Z"', b'"all"', b'"none"', b'"uniform"', b'"decision-tree"', b'"7"'),
    *(b'"\xef\xbc\x97"', b'"\xe2\x80\xae"', b'"../../etc/passwd"', b'"%s%n{0}"', b'"${jndi:x}"'),
    *(b'"RXhhbXBsZQ=="', b'"FP32"', b'"INT8"', b'"UINT64"', b'"BOOL"', b'"BYTES"', b'"1.0"'),
)
_RAW: Final = tuple(msgspec.Raw(literal) for literal in _LITERALS)
_NAMES: Final = (
    *COLUMNS,
    *("model", "observation", "observations", "fill", "strategy", "draws", "seed", "explain"),
    *("action", "data", "data_base64", "specversion", "SpecVersion", "ID", "id", "source", "type"),
    *("inputs", "outputs", "name", "datatype", "shape", "parameters", "binary_data_size"),
    *("binary_data", "binary_data_output", "MinTmp", "min-temp", "", " ", "a/b~c", "\0", "x" * 200),
    *("__class__", "constructor", "\u017ftrategy", "K", "subject", "tracestate", "a b", "é"),
)
_TOKENS: Final = (
    *(b",", b":", b'"', b"'", b"\r", b"\n", b"\r\n", b"\n\n", b";", b"\t", b"\0", b"\xff", b"="),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"{", b"}", b"[", b"]", b"\\", b"\\u0000", b"\\ud800", b"NA"),
    *(b"Date", b"Location", b"Calm", b"IDCJDW2124.202406", b"{station 066214}", b"\xb0", b"(mm)"),
    *(b"Daily Weather Observations for Hobart, x", b"%", b"&", b"+", b"%00", b"%ff", b"\x1f\x8b"),
    *(b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x00\x00\xf0\x7f"),
)
_CHARACTERS: Final = "".join(map(chr, (*range(0x20, 0x7F), *range(0x80, 0x100), 9)))
_VALUES: Final = (
    *("", " ", "*", "*/*", ",", ";", ";;;", "a/b", '"', "'", "é", "ÿ" * 9, "gzip", "identity"),
    *("gzip, gzip", "br", "text/csv", "text/html", "application/json", "application/x-ndjson"),
    *("text/csv; charset=utf-16", "text/csv; charset=idna", 'text/csv; charset="', "0", "-1"),
    *("text/csv; charset*=utf-8''%ff", "application/cloudevents+json", "multipart/form-data"),
    *("application/cloudevents-batch+json", "application/octet-stream", "+json", "a/b+json"),
    *("99999999999999999999", "9" * 4400, "1e3", "0x10", "1.0", "0.3", "chunked", "fr", "fr;q=x"),
    *("q=", ";q=1e999", "text/csv;q=nan", 'W/"', "../../etc/passwd", "%00", "http://a.b", "null"),
    *("00-" + "0" * 32 + "-" + "0" * 16 + "-00", "a" * 8000, "a," * 3000, ";a=b" * 2000, "\t"),
)
_HEADERS: Final = (
    *("accept", "accept-encoding", "accept-language", "authorization", "authentication"),
    *("content-type", "content-encoding", "content-length", "if-none-match", "origin"),
    *("inference-header-content-length", "x-request-id", "traceparent", "tracestate", "ce-id"),
    *("ce-type", "ce-specversion", "ce-source", "ce-subject", "ce-", "ce-data", "ce-time", "host"),
    *("access-control-request-method", "range", "expect", "cookie", "x-forwarded-for", "te"),
)
_METHODS: Final = (
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "BREW",
    "get",
    "P" * 99,
)
_UNPRINTABLE: Final = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
_SAFE: Final = re.compile(r"[^\x21-\x7e]")


class Mutator:
    """Changes requests, by a generator that may be seeded anew for each."""

    def __init__(self, generator: random.Random) -> None:
        self._random = generator
        self._below = generator.randrange
        self._any = generator.choice

    def hostile(self, kind: str, seeds: Sequence[Request]) -> Request:
        """Make a hostile request out of one of these, most of all in what its decoder reads."""
        request = self._any(seeds)
        change = _CHANGES.get(kind, Mutator._json)
        request = change(self, request, seeds)
        if self._below(12) == 0:
            request = self._header(request)
        if self._below(40) == 0:
            request = self._other_kind(request)
        return request

    def _json(self, request: Request, seeds: Sequence[Request]) -> Request:
        """Change the structure of a document, and one time in three its text."""
        form = self._below(6)
        body = request.body
        if form:
            body = self._document(body)
        if form < 3:
            body = self.text(body, seeds)
        return msgspec.structs.replace(request, body=body)

    def _document(self, body: bytes) -> bytes:
        document = msgspec.json.decode(body)
        for _ in range(1 + self._below(3)):
            document = self._structure(document)
        try:
            text = msgspec.json.encode(document)
        except (RecursionError, ValueError):
            return body
        return self._doubled(text) if self._below(15) == 0 else text

    def _structure(self, document: Any) -> Any:
        """One change somewhere in a document."""
        places = _places(document)
        if not places:
            return self._any(_RAW)
        holder, key = self._any(places)
        change = self._below(10)
        if change < 5:
            holder[key] = self._any(_RAW)
        elif change == 5:
            del holder[key]
        elif change == 6 and isinstance(holder, dict):
            holder[self._any(_NAMES)] = holder.pop(key)
        elif change == 7 and isinstance(holder, dict):
            holder[self._any(_NAMES)] = self._any(_RAW)
        elif change == 8:
            holder[key] = [holder[key]] * self._any((0, 1, 2, 3, 51, 101))
        else:
            other, _ = self._any(places)
            holder[key] = self._any([*(other.values() if isinstance(other, dict) else other)])
        return document

    def _doubled(self, text: bytes) -> bytes:
        """Text of a document in which an object has a member twice."""
        name = msgspec.json.encode(self._any(_NAMES))
        return text.replace(b"{", b"{" + name + b":" + self._any(_LITERALS) + b",", 1)

    def text(self, text: bytes, seeds: Sequence[Request]) -> bytes:
        """One to four changes of bytes, without regard to what they mean."""
        for _ in range(1 + self._below(4)):
            at = self._below(len(text) + 1)
            upto = min(len(text), at + self._any((0, 1, 1, 2, 4, 16, 100)))
            change = self._below(9)
            if change == 0:
                text = text[:at] + bytes([self._below(256)]) + text[at + 1 :]
            elif change == 1:
                text = text[:at] + text[upto:]
            elif change == 2:
                text = text[:at]
            elif change == 3:
                text = text[:upto] + text[at:upto] * self._any((1, 2, 9, 60)) + text[upto:]
            elif change == 4:
                other = self._any(seeds).body
                text = text[:at] + other[self._below(len(other) + 1) :]
            elif change == 5:
                text = text[:at] + self._any(_LITERALS) + text[upto:]
            elif change == 6 and at < len(text):
                text = text[:at] + bytes([text[at] ^ 1 << self._below(8)]) + text[at + 1 :]
            else:
                text = text[:at] + self._any(_TOKENS) + text[upto:]
        return text[:200_000]

    def _table(self, request: Request, seeds: Sequence[Request]) -> Request:
        """Change cells, columns and lines of a CSV file, or its bytes."""
        body = request.body
        if self._below(3):
            lines = body.split(b"\r\n")
            for _ in range(1 + self._below(3)):
                self._line(lines)
            body = self._any((b"\r\n", b"\r\n", b"\n", b"\r")).join(lines)
        else:
            body = self.text(body, seeds)
        if self._below(12) == 0:
            body = body.decode("latin-1").encode(self._any(("utf-16", "utf-8", "utf-32-le")))
        return msgspec.structs.replace(
            self._query(request) if not self._below(8) else request, body=body
        )

    def _line(self, lines: list[bytes]) -> None:
        at = self._below(len(lines))
        cells = lines[at].split(b",")
        cell = self._below(len(cells))
        change = self._below(8)
        if change < 3:
            cells[cell] = self._any(_LITERALS).strip(b'"') if change else self._any(_TOKENS)
        elif change == 3:
            cells[cell] = self._any(_NAMES).encode()
        elif change == 4:
            self._random.shuffle(cells)
        elif change == 5:
            del cells[cell]
        elif change == 6:
            cells.insert(cell, b'"' + cells[cell] + self._any((b'"', b'\n"', b'""', b"")))
        else:
            lines.insert(self._below(len(lines)), lines[at] if self._below(2) else b"")
        lines[at] = b",".join(cells)

    def _lines(self, request: Request, seeds: Sequence[Request]) -> Request:
        """Change a line of NDJSON as a document, or the whole file as text."""
        lines = request.body.splitlines()
        at = self._below(len(lines))
        lines[at] = self._document(lines[at])
        body = self._any((b"\n", b"\n", b"\r\n", b"\n\n", b"\r")).join(lines)
        return msgspec.structs.replace(
            request, body=self.text(body, seeds) if self._below(3) == 0 else body
        )

    def _tensors(self, request: Request, seeds: Sequence[Request]) -> Request:
        """Change the JSON before the tensors' bytes, these, or where they begin."""
        name = "inference-header-content-length"
        length = int(request.headers[name])
        head, raw = request.body[:length], request.body[length:]
        change = self._below(6)
        if change < 3:
            head = self._document(head)
        if change in {2, 3, 4}:
            raw = self.text(raw, seeds)
        told = len(head)
        if change == 5 or self._below(8) == 0:
            told = self._any((0, 1, told - 1, told + 1, told + len(raw), told + len(raw) + 1, -1))
        headers = {**request.headers, name: str(told)}
        return msgspec.structs.replace(request, headers=headers, body=head + raw)

    def _gzip(self, request: Request, seeds: Sequence[Request]) -> Request:
        """Change what is in a gzip, or the gzip itself."""
        change = self._below(5)
        body = request.body
        if change < 2:
            body = gzip.compress(self._document(gzip.decompress(body)), 1, mtime=0)
        elif change == 2:
            body *= self._any((2, 3, 300))
        elif change == 3:
            body = gzip.compress(body, 1, mtime=0)
        if change > 2 or self._below(4) == 0:
            body = self.text(body, seeds)
        return msgspec.structs.replace(request, body=body)

    def _event(self, request: Request, seeds: Sequence[Request]) -> Request:
        """Change the attributes of an event in binary mode, or its data."""
        if self._below(2):
            return self._json(request, seeds)
        headers = dict(request.headers)
        for _ in range(1 + self._below(3)):
            name = self._any([name for name in headers if name.startswith("ce-")] or ["ce-id"])
            headers[name] = self._value()
            if self._below(3) == 0:
                del headers[name]
        return msgspec.structs.replace(request, headers=headers)

    def _credentials(self, request: Request, _seeds: Sequence[Request]) -> Request:
        """Change the credentials: their scheme, their base64, and what is in it."""
        name = "authentication" if "authentication" in request.headers else "authorization"
        scheme, _, token = request.headers[name].rpartition(" ")
        change = self._below(6)
        if change == 0:
            scheme = self._any(
                ("", "basic", "BASIC", "Bearer", "Basic Basic", "Digest", "Negotiate")
            )
        elif change == 1:
            token = self._value()
        elif change < 4:
            token = self.text(token.encode(), [request]).decode("latin-1")
        else:
            pair = base64.b64decode(token)
            token = base64.b64encode(self.text(pair, [request])).decode()
        value = self._any((" ", " ", " ", "  ", "\t", "", ":")).join((scheme, token)).strip(" \t")
        value = _UNPRINTABLE.sub("", value)
        return msgspec.structs.replace(request, headers={**request.headers, name: value})

    def _header(self, request: Request, _seeds: Sequence[Request] = ()) -> Request:
        """Change, add or leave out headers."""
        headers = dict(request.headers)
        for _ in range(1 + self._below(3)):
            name = self._any(_HEADERS)
            if name in headers and name != "authorization" and self._below(2):
                changed = self.text(headers[name].encode("latin-1"), [request]).decode("latin-1")
                headers[name] = _UNPRINTABLE.sub("", changed)
            elif self._below(5):
                headers[name] = self._value()
            elif name != "authorization":
                headers.pop(name, None)
        return msgspec.structs.replace(request, headers=headers)

    def _value(self) -> str:
        if self._below(3):
            return self._any(_VALUES)
        return "".join(self._random.choices(_CHARACTERS, k=self._below(30)))

    def _query(self, request: Request, _seeds: Sequence[Request] = ()) -> Request:
        """Change the query."""
        path, _, query = request.target.partition("?")
        pairs = query.split("&")
        for _ in range(1 + self._below(3)):
            at = self._below(len(pairs))
            name, _, value = pairs[at].partition("=")
            if self._below(3):
                value = self._any(_LITERALS).strip(b'"').decode("latin-1")
            else:
                name = self._any(_NAMES)
            pairs.insert(at, f"{name}{self._any(('=', '=', '==', '', '%3d'))}{value}")
            if self._below(3):
                del pairs[at + 1]
        target = f"{path}?{'&'.join(pairs)}"
        if self._below(8) == 0:  # some servers hand over whatever comes
            raw = self.text(target.encode(), [request]).decode("latin-1")
            return msgspec.structs.replace(request, target=path + "?" + raw.partition("?")[2])
        return msgspec.structs.replace(request, target=_SAFE.sub(_percent, target)[:6000])

    def _path(self, request: Request, seeds: Sequence[Request]) -> Request:
        """Change the method, or the path."""
        method, target = request.method, request.target
        if self._below(3) == 0:
            method = self._any(_METHODS)
        if self._below(4):
            changed = self.text(
                target.encode(),
                [msgspec.structs.replace(each, body=each.target.encode()) for each in seeds[:3]],
            )
            target = _SAFE.sub(_percent, changed.decode("latin-1").replace("?", ""))[:6000]
        return msgspec.structs.replace(request, method=method, target=target or "/")

    def _other_kind(self, request: Request) -> Request:
        """Call the body something that it is not."""
        kind = self._any([value for value in _VALUES if "/" in value])
        return msgspec.structs.replace(request, headers={**request.headers, "content-type": kind})


_CHANGES: Final[Mapping[str, Callable[[Mutator, Request, Sequence[Request]], Request]]] = {
    "csv": Mutator._table,
    "bureau": Mutator._table,
    "ndjson": Mutator._lines,
    "infer-binary": Mutator._tensors,
    "gzip": Mutator._gzip,
    "event-binary": Mutator._event,
    "credentials": Mutator._credentials,
    "query": Mutator._query,
    "headers": Mutator._header,
    "large-answers": Mutator._header,
    "path": Mutator._path,
}


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02x}" for byte in match[0].encode("utf-8", "surrogatepass"))


def _places(document: Any) -> list[tuple[Any, Any]]:
    """Every place in a document: a container, and a key or an index of it."""
    places: list[tuple[Any, Any]] = []
    left = [document] if isinstance(document, dict | list) else []
    while left and len(places) < 500:
        holder = left.pop()
        keys = holder if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            places.append((holder, key))
            if type(holder[key]) in (dict, list):
                left.append(holder[key])
    return places
