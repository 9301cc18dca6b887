"""What is doubtful or impossible in rules that are otherwise right: `rule` looks at one, `pairs` at all of a folder.

Rule kept: a finding is certain. Where the language, or what is known of events, leaves room, nothing is said.
"""
