"""Status over HTTP: answers come from snapshots, so a probe costs no call and cannot hang."""
