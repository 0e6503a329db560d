"""A demonstration: a throw-away Orthanc with generated studies, and the proxy before it."""
