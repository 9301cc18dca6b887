"""What the daemon tells about itself: logs, metrics, progress, systemd."""
