"""What the proof engine reaches: `problems` with known answers, `figure3` trained and proved."""
