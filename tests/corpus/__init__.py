"""The DICOM files that other packages ship, put on media."""
