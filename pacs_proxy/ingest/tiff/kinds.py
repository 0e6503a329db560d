"""The jobs a child knows; named apart, since the server loads nothing of the child's."""

PROBE, THUMBNAIL, CONVERT = "probe", "thumbnail", "convert"
