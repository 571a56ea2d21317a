"""Other projects, as their own pages tell to use them: each runs in a process of its own, with versions of its own."""
