"""A verified path between a browser and Orthanc."""
