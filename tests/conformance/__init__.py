"""What tus 1.0 says, tried on our server, on our edge, and on the reference server."""
