"""A demonstration: a throw-away Orthanc with generated studies, and the proxy before it."""

import signal
import sys
import time

from pacs_proxy.demo.load import Loaded, LoadFailed, load
from pacs_proxy.demo.orthanc import OrthancUnavailable, ThrowawayOrthanc
from pacs_proxy.demo.proxy import ProxyFailed, ProxyProcess, port_or_free
from pacs_proxy.demo.studies import demo_series

READY = """
  PACS Proxy is ready:  {url}

  {count} generated images, {megabytes} MB, of people who do not exist, in an Orthanc of its own.
  It listens on this machine only.  Sign in as  {name}  with the password  {password}
  Try:  kill -9 {pid}   The archive dies, the demo starts it again, the viewer goes on by itself.
  Ctrl-C ends everything and removes it.
"""

ENDINGS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def run(port: int = 8080) -> int:
    """Show the product until Ctrl-C or SIGTERM; give the exit code."""
    for name in ENDINGS:
        signal.signal(name, _interrupt)
    try:
        _show(port)
    except KeyboardInterrupt:
        print("\nEnded; nothing is left behind.")
        return 0
    except (OrthancUnavailable, LoadFailed, ProxyFailed) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _interrupt(*_: object) -> None:
    """End as Ctrl-C does, once: a second signal must not interrupt the cleaning up."""
    for name in ENDINGS:
        signal.signal(name, signal.SIG_IGN)
    raise KeyboardInterrupt


def _show(port: int) -> None:
    print("Starting an Orthanc of its own …", flush=True)
    with ThrowawayOrthanc() as orthanc:
        loaded = load(orthanc.url, demo_series(), _progress)
        with ProxyProcess(orthanc.url, port_or_free(port), {"PACS_PROXY_SIGN_IN": "1"}) as proxy:
            _announce(proxy, orthanc, loaded)
            _watch(proxy, orthanc)


def _announce(proxy: ProxyProcess, orthanc: ThrowawayOrthanc, loaded: Loaded) -> None:
    count, megabytes = len(loaded.instances), round(loaded.size / 1e6)
    name, password = proxy.invite()
    print(
        READY.format(
            url=proxy.url,
            count=count,
            megabytes=megabytes,
            pid=orthanc.pid,
            name=name,
            password=password,
        )
    )
    sys.stdout.flush()


def _watch(proxy: ProxyProcess, orthanc: ThrowawayOrthanc) -> None:
    """Wait for ever; a dead archive is started again, a dead proxy ends the demonstration."""
    while True:
        proxy.check()
        if orthanc.pid is None:
            orthanc.restart()
            print(f"  Orthanc had died; it runs again as process {orthanc.pid}.", flush=True)
        time.sleep(0.5)


def _progress(done: int, total: int) -> None:
    """Keep one line up to date on a terminal; elsewhere write a line now and then."""
    if sys.stdout.isatty():
        print(f"\rMaking and storing images: {done} of {total}", end="", flush=True)
    elif done % 100 == 0 or done == total:
        print(f"Making and storing images: {done} of {total}", flush=True)
