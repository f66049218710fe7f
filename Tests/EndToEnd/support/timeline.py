"""A home timeline as a client sees it, page by page, and as the server has it."""
import requests


def raw(base, path, token, agent="mastodonpy"):
    return requests.get(base + path, headers={"Authorization": "Bearer " + token, "User-Agent": agent}, timeout=30)


def feed(base, token, limit=40, most=40):
    """-> every status of the home timeline as the server itself gives it, by its own cursors."""
    found, path = [], f"/api/v1/timelines/home?limit={limit}"
    for _ in range(most):
        page = raw(base, path, token).json()
        if not page:
            return found
        found += page
        path = f"/api/v1/timelines/home?limit={limit}&max_id={page[-1]['id']}"
    raise RuntimeError("the server's home does not end")


def walk(client, limit=20, most=40):
    """-> the pages that Mastodon.py reads when it follows the proxy's Link from the newest to the end."""
    pages, page = [], client.timeline_home(limit=limit)
    while page and len(pages) < most:
        pages.append(page)
        page = client.fetch_next(page)
    return pages


def is_recommendation(status):
    return status.get("x_recommendation") is not None
