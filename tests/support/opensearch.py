"""Owns a real OpenSearch, put together from its libraries; the one rule: where Maven or a JDK cannot be had, it says so, in one line.

The distribution is no library; its node is. A few lines of Java start one with HTTP, single and on loopback, as the distribution's
`discovery.type: single-node` does. An address in LEH_TEST_OPENSEARCH_URL is used in its place.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leh_guardian.local.free_port import free_port
from tests.support.elasticmq import Unavailable, fetched, listens
from tests.support.process import wait_for

URL = "LEH_TEST_OPENSEARCH_URL"
_VERSION = "2.19.6"
"""The newest that runs on Java 17."""
_LIBRARIES = (
    f"org.opensearch:opensearch:{_VERSION}",
    f"org.opensearch.plugin:transport-netty4-client:{_VERSION}",
    "org.apache.logging.log4j:log4j-core:2.25.4",
)
_NODE = """
import java.util.List;
import java.util.Map;
import org.opensearch.common.settings.Settings;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

public class Single {
    static class Own extends Node {
        Own(Settings settings) {
            super(
                InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), null, () -> "node"), List.of(Netty4Plugin.class), true
            );
        }
    }

    public static void main(String[] args) throws Exception {
        Settings.Builder settings = Settings.builder().put("path.home", args[0]).put("http.port", args[1]);
        settings.put("cluster.name", "tests").put("node.name", "node").put("discovery.type", "single-node");
        settings.put("http.host", "127.0.0.1").put("transport.host", "127.0.0.1").put("transport.port", "0");
        settings.put("http.type", "netty4").put("transport.type", "netty4");
        Node node = new Own(settings.build());
        node.start();
        // It ends with whoever holds the other end.
        while (System.in.read() >= 0) {}
        node.close();
        System.exit(0);
    }
}
"""
_START_SECONDS = 90.0


@contextmanager
def real_opensearch(home: Path) -> Iterator[str]:
    """Give the address of a real OpenSearch: the one that the environment names, or one that runs in `home` meanwhile.

    Raises:
        Unavailable: there is none to be had.
    """
    if named := os.environ.get(URL):
        yield named.rstrip("/")
        return
    if not (java := shutil.which("java")) or not shutil.which("javac"):
        raise Unavailable("it needs a JDK")
    fetched(home, *_LIBRARIES)
    (home / "Single.java").write_text(_NODE, encoding="utf-8")
    port = free_port()
    command = [java, "-Xmx512m", "-cp", f"{home}/lib/*", str(home / "Single.java"), str(home), str(port)]
    with (home / "log").open("wb") as log:
        node = subprocess.Popen(command, cwd=home, stdin=subprocess.PIPE, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: node.poll() is not None or listens(url), _START_SECONDS, pause=0.2)
        if node.poll() is not None:
            raise Unavailable(f"it did not start: {(home / 'log').read_text(errors='replace')[-500:]}")
        yield url
    finally:
        node.kill()
        node.wait()
        if node.stdin is not None:
            node.stdin.close()
