"""What the suite sends: ordinary prompts, generated requests, and episodes on the ladder."""
