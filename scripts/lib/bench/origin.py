"""An instance out of static files: nginx answers what a home timeline with recommendations needs, and nothing is computed."""
import datetime
import pathlib

from benchmark import SCRATCH, Server, free_port
from timeline import Timeline, dumped

HOME_PAGES = 2
CANDIDATE_PAGES = 10
NEWEST = 115_500_000_000_000_000
# Between two pages, so that no page knows the next one's ids.
PAGE_SPAN = 1_000_000_000
CANDIDATES = NEWEST - 50 * PAGE_SPAN

HEAD = """worker_processes 1; master_process off; daemon off; pid {folder}/{name}.pid; error_log {folder}/{name}.err;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 300s; sendfile on; tcp_nopush on; open_file_cache max=2000;
  client_body_temp_path {folder}/{name}1; proxy_temp_path {folder}/{name}2; fastcgi_temp_path {folder}/{name}3;
  uwsgi_temp_path {folder}/{name}4; scgi_temp_path {folder}/{name}5;
  types {{ }} default_type "application/json; charset=utf-8"; server_tokens off;
"""

PREFERENCES = ('{"posting:default:visibility":"public","posting:default:sensitive":false,"posting:default:language":null,'
               '"reading:expand:media":"default","reading:expand:spoilers":false}')


def nginx(name, body, port):
    file = SCRATCH / f"{name}.conf"
    file.write_text(HEAD.format(folder=SCRATCH, name=name) + body + "\n}\n")
    return Server(name, ["nginx", "-e", SCRATCH / f"{name}.err", "-c", file], port)


def front(origin):
    """The peer: nginx before the same origin, with buffers that hold the page, since the default ones spill it to disk."""
    port = free_port()
    return nginx("front", f"""
  upstream origin {{ server 127.0.0.1:{origin}; keepalive 256; keepalive_requests 1000000000; }}
  server {{ listen 127.0.0.1:{port} backlog=4096; proxy_buffers 16 32k; proxy_http_version 1.1; proxy_set_header Connection "";
    location / {{ proxy_pass http://origin; }} }}""", port)


class Origin:
    def __init__(self):
        self.port = free_port()
        self.folder = SCRATCH / "www"
        for part in ("home", "public", "one"):
            (self.folder / part).mkdir(parents=True)
        now = datetime.datetime.now(datetime.timezone.utc)
        self.write_home(Timeline(7, now))
        self.write_candidates(Timeline(8, now, authors=200, open_authors=True))
        (self.folder / "preferences").write_text(PREFERENCES)
        (self.folder / "batch").write_text("[" + "".join(
            f'<!--# if expr="$i{place}" -->{"," if place > 1 else ""}<!--# include virtual="/one/$i{place}" --><!--# endif -->'
            for place in range(1, 21)) + "]")
        (self.folder / "relations").write_text("[" + "".join(
            f'<!--# if expr="$i{place}" -->{"," if place > 1 else ""}{{"id":"<!--# echo var="i{place}" -->","following":false,'
            '"showing_reblogs":false,"notifying":false,"followed_by":false,"blocking":false,"blocked_by":false,"muting":false,'
            '"muting_notifications":false,"requested":false,"domain_blocking":false,"endorsed":false,"note":""}<!--# endif -->'
            for place in range(1, 21)) + "]")

    def write_home(self, timeline):
        self.cursors = []
        self.home_bytes = []
        for page in range(HOME_PAGES):
            statuses = timeline.page(NEWEST - page * PAGE_SPAN)
            self.cursors.append(statuses[-1]["id"])
            body = dumped(statuses)
            self.home_bytes.append(len(body))
            (self.folder / "home" / str(page)).write_bytes(body)

    def write_candidates(self, timeline):
        self.candidates = []
        for page in range(CANDIDATE_PAGES):
            statuses = timeline.page(CANDIDATES - page * PAGE_SPAN)
            (self.folder / "public" / str(page)).write_bytes(dumped(statuses))
            for status in statuses:
                (self.folder / "one" / status["id"]).write_bytes(dumped(status))
                self.candidates.append(status["id"])
        # Acted on by the readers, but no candidates themselves: by the same authors.
        self.liked = []
        for status in timeline.page(CANDIDATES - CANDIDATE_PAGES * PAGE_SPAN):
            (self.folder / "one" / status["id"]).write_bytes(dumped(status))
            self.liked.append(status["id"])

    def home(self, page):
        return "/api/v1/timelines/home?limit=40" + (f"&max_id={self.cursors[page - 1]}" if page else "")

    def server(self):
        base = f"http://127.0.0.1:{self.port}"
        ids = "".join(
            'map $args $i%d { default ""; "~^(?:id%%5B%%5D=[0-9]+&){%d}id%%5B%%5D=([0-9]+)" $1; }\n' % (place, place - 1)
            for place in range(1, 21))
        homes = "".join(f'"{cursor}" {page + 1};' for page, cursor in enumerate(self.cursors[:-1]))
        nexts = "".join(f'{page} {cursor};' for page, cursor in enumerate(self.cursors))
        public = "".join(
            f'"{page or ""}" "<{base}/api/v1/timelines/public?limit=40&page={page + 1}>; rel=\\"next\\"";' for page in range(CANDIDATE_PAGES - 1))
        return nginx("origin", f"""
  {ids}
  map $http_authorization $reader {{ default ""; "~^Bearer bench-([0-9]+)$" $1; }}
  map $arg_max_id $home {{ default 0; {homes} }}
  map $home $cursor {{ {nexts} }}
  map $arg_page $older {{ default ""; {public} }}
  map $arg_page $public {{ default $arg_page; "" 0; }}
  log_format asked '$request_uri';
  server {{
    listen 127.0.0.1:{self.port} backlog=4096; root {self.folder};
    location = /api/v1/preferences {{ try_files /preferences =404; }}
    location = /api/v1/timelines/tag/cats {{ try_files /home/0 =404; }}
    location = /api/v1/timelines/home {{
      add_header Link '<{base}/api/v1/timelines/home?limit=40&max_id=$cursor>; rel="next"';
      add_header X-RateLimit-Limit 1500; add_header X-RateLimit-Remaining 1400; add_header X-RateLimit-Reset 2030-01-01T00:00:00.000000Z;
      add_header Cache-Control "private, no-store"; add_header Vary "Authorization, Origin"; add_header X-Frame-Options DENY;
      add_header X-Content-Type-Options nosniff; add_header X-Request-Id $request_id; add_header X-Runtime 0.097;
      try_files /home/$home =404; }}
    location = /api/v1/timelines/public {{ add_header Link $older; try_files /public/$public =404; }}
    location = /api/v1/accounts/verify_credentials {{
      access_log {SCRATCH}/asked.log asked;
      if ($reader = "") {{ return 401; }}
      return 200 '{{"id":"1$reader","username":"reader$reader","acct":"reader$reader","uri":"https://127.0.0.1/users/reader$reader","url":"https://127.0.0.1/@reader$reader"}}'; }}
    location = /api/v1/accounts/relationships {{ access_log {SCRATCH}/asked.log asked; ssi on; ssi_types *; try_files /relations =404; }}
    location = /api/v1/statuses {{ access_log {SCRATCH}/asked.log asked; ssi on; ssi_types *; try_files /batch =404; }}
    location ~ ^/api/v1/statuses/([0-9]+)/favourite$ {{ error_page 405 =200 /one/$1; try_files /one/$1 =404; }}
    location ~ ^/api/v1/statuses/([0-9]+)$ {{ access_log {SCRATCH}/asked.log asked; try_files /one/$1 =404; }}
    location /one/ {{ }}
  }}""", self.port)

    @staticmethod
    def asked():
        """API requests that came to the origin beside pages, so far."""
        log = SCRATCH / "asked.log"
        return len(log.read_text().splitlines()) if log.exists() else 0
