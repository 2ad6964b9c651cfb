"""What the dashboard of the tests is called, and what opens it."""

TOKEN = "a-token-for-tests"
PORT = 8321
