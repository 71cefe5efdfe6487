"""What the course needs besides the method: data, pictures, feedback, the notebook runner."""
