"""Health: what is wrong with a study, with evidence and a remedy."""
