"""What a reader sees: a real Chromium on the real server on a real Orthanc."""
