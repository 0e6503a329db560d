"""What readers measured, as DICOM structured reports."""
