"""What a connection needs of the server's session, which a pooler in between may share with others."""
