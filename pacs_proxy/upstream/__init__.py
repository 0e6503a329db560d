"""Everything that talks to Orthanc."""
