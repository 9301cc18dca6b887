"""What `leh-guardian doctor` looks at, a module for each thing outside."""
