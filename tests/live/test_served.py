"""Captures of servers under load: no request fails, and no answer is wrong.

    RSC_TEST_SERVED_CAPTURES=100   so many of each
"""
import concurrent.futures
import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest

from running import IS_SANITISED, SYSTEM_PYTHON, attach, wait_until
from tracing import is_supported

CLIENTS = 4
# Between a client's requests, in seconds: a server that is busy half of the time.
PAUSE = .02
CAPTURES = int(os.environ.get('RSC_TEST_SERVED_CAPTURES', 0))

FLASK = """
import threading
from flask import Flask, jsonify, render_template_string, request
app = Flask(__name__)
kept, lock = {}, threading.Lock()

@app.route('/work/<int:n>')
def work(n):
    with lock:
        kept[n % 1000] = [str(i) for i in range(n % 50)]
    text = render_template_string('{% for i in numbers %}{{ i }},{% endfor %}', numbers=range(n % 20))
    return jsonify(n=n, square=n * n, third=n / 3, text=text, asked=request.args['asked'])
"""
FLASK_SERVER = FLASK + """
from werkzeug.serving import make_server
import logging, signal, threading
logging.getLogger('werkzeug').setLevel(logging.ERROR)
server = make_server('127.0.0.1', 0, app, threaded=True)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
print(server.server_port, flush=True)
server.serve_forever()
"""
DJANGO_SERVER = """
import os, signal, sys, threading
import django
from django.conf import settings
settings.configure(
    DEBUG=False, ALLOWED_HOSTS=['*'], ROOT_URLCONF=__name__, SECRET_KEY='none', USE_TZ=True, DEFAULT_AUTO_FIELD='django.db.models.AutoField',
    DATABASES={'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': sys.argv[1]}},
    TEMPLATES=[{'BACKEND': 'django.template.backends.django.DjangoTemplates'}])
django.setup()
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import connection, models
from django.http import JsonResponse
from django.template import engines
from django.urls import path

class Item(models.Model):
    number = models.IntegerField()
    name = models.CharField(max_length=20)
    class Meta:
        app_label = 'items'

with connection.schema_editor() as editor:
    editor.create_model(Item)
Item.objects.bulk_create(Item(number=i, name=str(i)) for i in range(50))
template = engines['django'].from_string('{% for item in items %}{{ item.name }},{% endfor %}')

def work(request, n):
    text = template.render({'items': Item.objects.filter(number__lt=n % 20).order_by('number')})
    return JsonResponse({'n': n, 'square': n * n, 'third': n / 3, 'text': text, 'asked': request.GET['asked']})

urlpatterns = [path('work/<int:n>', work)]
class Handler(WSGIRequestHandler):
    def log_message(self, *_):
        pass
# What runserver serves by.
server = ThreadedWSGIServer(('127.0.0.1', 0), Handler)
server.set_app(get_wsgi_application())
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
print(server.server_port, flush=True)
server.serve_forever()
"""


class Load:
    """Asks a server by some threads at once, all the time, and looks at the answers."""

    def __init__(self, port):
        self.port = port
        self.ended = False
        self.failures = []
        self.answers = [0] * CLIENTS
        self.threads = [threading.Thread(target=self.ask, args=(i,)) for i in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def ask(self, client):
        n = client * 1000000
        while not self.ended and not self.failures:
            n += 7
            try:
                connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=60)
                connection.request('GET', f'/work/{n}?asked={client}')
                answer = connection.getresponse()
                body = answer.read()
                connection.close()
                said = answer.status, json.loads(body)
            except (OSError, ValueError, http.client.HTTPException) as error:
                self.failures.append((n, repr(error)))
                return
            wanted = {'n': n, 'square': n * n, 'third': n / 3, 'text': ''.join(f'{i},' for i in range(n % 20)), 'asked': str(client)}
            if said != (200, wanted):
                self.failures.append((said, wanted))
            self.answers[client] += 1
            time.sleep(PAUSE)

    def go_on(self, n=5):
        """Waits for answers to each of the clients."""
        wanted = [answers + n for answers in self.answers]
        return wait_until(lambda: self.failures or all(map(int.__ge__, self.answers, wanted)), 60) and not self.failures

    def end(self):
        self.ended = True
        for thread in self.threads:
            thread.join()
        return sum(self.answers)


def captures(usual):
    return CAPTURES or (5 if IS_SANITISED else usual)


def tasks(pid):
    return len(os.listdir(f'/proc/{pid}/task'))


@unittest.skipUnless(is_supported(), 'this machine does not let processes be traced, or Refscope cannot attach on it')
class Served(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.errors = pathlib.Path(self.folder.name, 'errors')

    def start(self, *command):
        clean = {name: value for name, value in os.environ.items() if not name.startswith(('PYTHON', 'LD_PRELOAD'))}
        with self.errors.open('w') as errors:
            server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True,
                                      cwd=self.folder.name, env=clean, start_new_session=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(self.kill, server)
        return server

    def kill(self, server):
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()

    def capture(self, load, pid, n):
        """So many attaches, captures and detaches, during which all goes on."""
        before = sum(load.answers)
        begin = time.monotonic()
        result = attach(pid, n, 1)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertGreater(json.loads(result.stdout)['objects'], 10000)
        print(f'{self.id()}: {n} captures in {time.monotonic() - begin:.1f} s, {sum(load.answers) - before} answers meanwhile', file=sys.stderr)
        self.assertTrue(load.go_on(), load.failures)

    def end(self, server, load):
        self.assertGreater(load.end(), 0)
        self.assertEqual(load.failures, [])
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(timeout=60), 0)

    def check(self, n, *command):
        server = self.start(*command)
        load = Load(int(server.stdout.readline()))
        self.addCleanup(load.end)
        self.assertTrue(load.go_on(), load.failures)
        self.capture(load, server.pid, n)
        self.end(server, load)
        self.assertEqual(self.errors.read_text(), '')

    def program(self, text):
        path = pathlib.Path(self.folder.name, 'program.py')
        path.write_text(textwrap.dedent(text))
        return str(path)

    def test_flask(self):
        self.check(captures(100), SYSTEM_PYTHON, self.program(FLASK_SERVER))

    def test_django(self):
        self.check(captures(20), SYSTEM_PYTHON, self.program(DJANGO_SERVER), os.path.join(self.folder.name, 'database'))

    def test_gunicorn(self):
        """Who looks after the others, and one that serves; more of them are made meanwhile."""
        self.program(FLASK)
        server = self.start(SYSTEM_PYTHON, '-m', 'gunicorn', '--workers', '2', '--bind', '127.0.0.1:0', '--log-level', 'info', 'program:app')

        self.assertTrue(wait_until(lambda: server.poll() is not None or self.errors.read_text().count('Booting worker') == 2, 60))
        self.assertIsNone(server.poll(), self.errors.read_text())
        load = Load(int(self.errors.read_text().split('Listening at: http://127.0.0.1:')[1].split()[0]))
        self.addCleanup(load.end)
        self.assertTrue(load.go_on(), load.failures)
        children = pathlib.Path(f'/proc/{server.pid}/task/{server.pid}/children')
        workers = children.read_text().split()
        self.assertEqual(len(workers), 2)
        # Its newer versions have threads of their own.
        threads = [tasks(pid) for pid in (server.pid, int(workers[0]))]
        self.capture(load, int(workers[0]), captures(10))
        with concurrent.futures.ThreadPoolExecutor() as executor:
            captured = executor.submit(self.capture, load, server.pid, captures(10))
            for n in 3, 4:
                server.send_signal(signal.SIGTTIN)
                self.assertTrue(wait_until(lambda n=n: self.errors.read_text().count('Booting worker') == n, 60), self.errors.read_text())
            captured.result()
        self.capture(load, server.pid, 2)
        self.assertEqual(children.read_text().split()[:2], workers)
        self.assertTrue(wait_until(lambda: [tasks(pid) for pid in (server.pid, int(workers[0]))] == threads))
        for word in 'Traceback', 'TIMEOUT', 'terminated', 'Warning':
            self.assertNotIn(word, self.errors.read_text())
        self.end(server, load)


if __name__ == '__main__':
    unittest.main()
