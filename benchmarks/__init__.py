"""What cannot be asserted, because it depends on the machine: measured side by side, and told as ratios."""
