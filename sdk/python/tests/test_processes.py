"""Forks, children and exits, each in an interpreter of its own: what a process logged is sent once, by that
process.
"""

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from scripted_server import Say, ScriptedServer

HERE = Path(__file__).parent


def run(server: ScriptedServer, script: str, expected: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a script in which `client` is a client of the server at `url`."""
    prelude = f"""
        import multiprocessing, os, sys, threading, time
        from litmus import ExperimentClient

        url = "{server.url}"
        client = ExperimentClient(url, flush_interval_seconds=60, timeout=2, retries=0)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(prelude) + textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(HERE)},
    )
    assert done.returncode == expected, done.stderr
    return done


def units(server: ScriptedServer) -> list[str]:
    """Of all events that arrived, duplicates included."""
    return sorted(event["unit_id"] for request in server.asked("events") for event in request.body["events"])


def test_the_end_of_a_process_sends_what_is_left(server: ScriptedServer) -> None:
    run(server, "client.track('m', 'u')")
    assert units(server) == ["u"]


def test_an_unhandled_error_does_not_stop_the_sending(server: ScriptedServer) -> None:
    run(server, "client.track('m', 'u'); raise RuntimeError", expected=1)
    assert units(server) == ["u"]


def test_a_dead_server_holds_up_the_end_of_a_process_for_two_seconds_at_most(server: ScriptedServer) -> None:
    server.always("events", Say(trick="hang"))
    done = run(
        server,
        """
        client = ExperimentClient(url, timeout=60)
        client.track('m', 'u')
        print(time.monotonic())
        """,
    )
    assert 1.9 < time.monotonic() - float(done.stdout) < 10  # one clock for all processes of a machine


def test_a_forked_child_does_not_send_what_its_parent_logged(server: ScriptedServer) -> None:
    run(
        server,
        """
        client.track('m', 'parent')
        child = os.fork()
        if child == 0:
            assert client.stats().pending == 0
            client.track('m', 'child')
            sys.exit(0)  # runs the handlers that the parent registered
        assert os.waitpid(child, 0)[1] == 0
        """,
    )
    assert units(server) == ["child", "parent"]


def test_a_forked_child_works_although_its_parent_held_every_lock(server: ScriptedServer) -> None:
    run(
        server,
        """
        client.get_variant('exp', 'warm')
        held = [client._lock, client._outbox._changed, client._outbox._sending, client._transport._lock,
                client._memory._answers._lock, client._memory._standings._lock, client._notices._said._lock]
        for lock in held:
            lock.acquire()
        child = os.fork()
        if child == 0:
            assert client.get_variant('exp', 'warm').source == 'cache'
            assert client.get_variant('exp', 'u').source == 'server'
            client.track('m', 'child')
            assert client.flush().sent == 1
            os._exit(0)
        for lock in held:
            lock.release()
        assert os.waitpid(child, 0)[1] == 0
        assert client.get_variant('exp', 'v').source == 'server'
        """,
    )
    assert units(server) == ["child"]


def test_the_background_thread_starts_again_in_a_child(server: ScriptedServer) -> None:
    run(
        server,
        """
        client = ExperimentClient(url, flush_interval_seconds=0.05)
        client.track('m', 'parent')
        while not client.stats().sent:
            time.sleep(0.01)
        child = os.fork()
        if child == 0:
            client.track('m', 'child')
            while not client.stats().sent:
                time.sleep(0.01)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        """,
    )
    assert units(server) == ["child", "parent"]


def test_a_child_and_its_parent_share_no_connection(server: ScriptedServer) -> None:
    run(
        server,
        """
        client.get_variant('exp', 'warm-up')
        children = []
        for name in range(4):
            child = os.fork()
            if child == 0:
                for number in range(20):
                    asked = f'{name}-{number}'
                    assert client.get_variant('exp', asked).source == 'server'
                os._exit(0)
            children.append(child)
        for number in range(20):
            assert client.get_variant('exp', f'parent-{number}').source == 'server'
        assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
        """,
    )
    assert len({request.body["unit_id"] for request in server.asked("assign")}) == 101


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_of_multiprocessing_sends_its_own_events_when_it_ends(
    server: ScriptedServer, method: str
) -> None:
    run(
        server,
        f"""
        from child_work import work

        client.track('m', 'parent')
        context = multiprocessing.get_context('{method}')
        children = [context.Process(target=work, args=(url, f'c{{k}}')) for k in range(2)]
        for child in children:
            child.start()
        for child in children:
            child.join()
            assert child.exitcode == 0
        """,
    )
    assert units(server) == ["c0", "c1", "parent"]


def test_a_client_that_nobody_holds_is_collected(server: ScriptedServer) -> None:
    run(
        server,
        """
        import gc, weakref
        client.track('m', 'u')
        client.flush()
        gone = weakref.ref(client)
        client._outbox._due = 0
        with client._outbox._changed:
            client._outbox._changed.notify()  # the thread sees that nothing is left, and ends
        while any(thread.name == 'litmus-outbox' for thread in threading.enumerate()):
            time.sleep(0.01)
        del client
        gc.collect()
        assert gone() is None
        """,
    )
