"""The data side over HTTP: every request passes the same chain before its view is called."""
