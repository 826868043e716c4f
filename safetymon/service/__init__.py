"""The scheduled service: decides when to look, makes each look in a process of its own, tells."""
