#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""servers.py DIRECTORY [CERTIFICATE]: serves DIRECTORY on free ports of 127.0.0.1, for tests of apt and its proxies.

Prints lines "name=port" for the shell:

http     the files
https    the files, with the key and the certificate of the file CERTIFICATE
proxy    an HTTP proxy that finds the files on each host *.test, and prints "proxy URL" on standard error for each request
closed   an HTTP proxy that rejects each request without a password

Below /status/NUMBER/, each request has that status. Below /login/, each file is a page for a login.
"""

import http.server
import ssl
import sys
import threading
import urllib.parse


class Files(http.server.SimpleHTTPRequestHandler):
	# apt wants an orderly end of TLS, which a server of HTTP/1.0 omits after each file.
	protocol_version = "HTTP/1.1"

	def __init__(self, *arguments, **named):
		super().__init__(*arguments, directory=sys.argv[1], **named)

	def log_message(self, *arguments):
		pass

	def do_GET(self):
		parts = self.path.split("/")
		if parts[1] == "status":
			self.send_error(int(parts[2]))
		elif parts[1] == "login":
			page = b"<html>Name and password, please.</html>\n"
			self.send_response(200)
			self.send_header("Content-Length", str(len(page)))
			self.end_headers()
			self.wfile.write(page)
		else:
			super().do_GET()


class Proxy(Files):
	def do_GET(self):
		print("proxy", self.path, file=sys.stderr, flush=True)
		url = urllib.parse.urlsplit(self.path)
		if not (url.hostname or "").endswith(".test"):
			self.send_error(502)
			return
		self.path = url.path
		super().do_GET()

	def do_CONNECT(self):
		self.send_error(403)


class Closed(Files):
	def do_GET(self):
		self.send_error(407)

	do_CONNECT = do_GET


def serve(name, handler, context=None):
	server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
	# A client that rejects the certificate is no error of the server.
	server.handle_error = lambda *arguments: None
	if context:
		server.socket = context.wrap_socket(server.socket, server_side=True)
	threading.Thread(target=server.serve_forever).start()
	print(f"{name}={server.server_address[1]}", flush=True)


serve("http", Files)
serve("proxy", Proxy)
serve("closed", Closed)
if sys.argv[2:]:
	of_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
	of_server.load_cert_chain(sys.argv[2])
	serve("https", Files, of_server)
