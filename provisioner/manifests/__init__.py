"""What stands inside a cluster and has no ARM form: its objects, and the judgement of pods."""
