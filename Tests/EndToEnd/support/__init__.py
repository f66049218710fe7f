"""What the end-to-end tests are made of: a real server, a person's log-in, the service, and counted checks."""
