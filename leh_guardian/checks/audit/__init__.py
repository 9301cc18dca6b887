"""The check of audit logs: how much is read (sizes), each source's reading (rows, groups, objects), and the judgement (look).

A line is seen in `sightings` and goes no further: what is kept is where it stands, and a keyed fingerprint of what was found in it.
"""
