"""What is measured: a module for each work, which sets the scene and yields what is to be compared there."""
