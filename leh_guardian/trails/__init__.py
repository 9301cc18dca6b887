"""Logs of requests, by which uploads get addresses, programs and refusals: CloudTrail, S3's server access logs, AWS WAF.

A line → a `Sighting` or `Screened` (`cloudtrail`, `access_log`, `waf`, pure) · pages and objects, the newest first and within bounds
(`reading`, `objects`) · all of them for one judgement (`look`). Which upload a sighting is of, `evidence/sightings.py` says.
"""
