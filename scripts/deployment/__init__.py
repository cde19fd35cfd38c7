"""Deployment: the users of the function, and its way into a cluster.

All but `credentials` runs under any Python from 3.11 on, with nothing installed.
"""
