"""What must hold whatever breaks."""
