"""Logs a person in as their browser would: fills in the server's own form and follows it to the code."""
import html.parser
import urllib.parse

import requests

REDIRECT = "http://127.0.0.1:9/done"
SCOPES = ["read", "write", "follow"]


class _Form(html.parser.HTMLParser):
    """The first form of a page that asks for a password."""

    def __init__(self):
        super().__init__()
        self.action, self.fields, self.found = "", {}, False
        self._open = False

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form" and not self.found:
            self.action, self.fields, self._open = attributes.get("action") or "", {}, True
        elif tag == "input" and self._open and attributes.get("name"):
            kind = (attributes.get("type") or "text").lower()
            if kind == "password":
                self.found = True
            if kind not in ("submit", "button"):
                self.fields[attributes["name"]] = (kind, attributes.get("value") or "")

    def handle_endtag(self, tag):
        if tag == "form":
            self._open = False


def patiently(browser, method, url, data):
    """One step of the log-in; snac now and then resets a connection, and none of these steps does harm twice."""
    for attempt in range(5):
        try:
            return browser.request(method, url, data=data, allow_redirects=False, timeout=30)
        except requests.ConnectionError:
            if attempt == 4:
                raise


def code(url, user, password):
    """-> (the code, the addresses that the browser saw), from the address that a client opens in the browser."""
    browser = requests.Session()
    seen, method, data = [], "GET", None
    for _ in range(8):
        answer = patiently(browser, method, url, data)
        seen.append((answer.status_code, url))
        if answer.is_redirect:
            url, method, data = urllib.parse.urljoin(url, answer.headers["Location"]), "GET", None
            if url.startswith(REDIRECT):
                return urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["code"][0], seen
            continue
        form = _Form()
        form.feed(answer.text)
        if not form.found:
            raise RuntimeError(f"no log-in form, but {answer.status_code}: {answer.text[:200]!r}")
        data = {name: password if kind == "password" else value or (user if kind == "text" else "")
                for name, (kind, value) in form.fields.items()}
        url, method = urllib.parse.urljoin(url, form.action or url), "POST"
    raise RuntimeError(f"the log-in goes round in circles: {seen}")


def token(base, user, password):
    """A token straight from the server at `base`, for those who do not use the proxy."""
    app = requests.post(base + "/api/v1/apps", timeout=30, data={
        "client_name": "seed", "redirect_uris": REDIRECT, "scopes": " ".join(SCOPES), "website": "https://example.org"}).json()
    query = urllib.parse.urlencode({
        "client_id": app["client_id"], "redirect_uri": REDIRECT, "response_type": "code", "scope": " ".join(SCOPES)})
    given, _ = code(base + "/oauth/authorize?" + query, user, password)
    answer = requests.post(base + "/oauth/token", timeout=30, data={
        "grant_type": "authorization_code", "code": given, "client_id": app["client_id"], "client_secret": app["client_secret"],
        "redirect_uri": REDIRECT, "scope": " ".join(SCOPES)})
    answer.raise_for_status()
    return answer.json()["access_token"]
