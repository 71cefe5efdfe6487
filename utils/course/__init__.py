"""What students and lecturers get: feedback on exercises, student copies, slides."""
