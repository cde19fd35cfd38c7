"""Clients that prove the API from outside; what their image holds."""
