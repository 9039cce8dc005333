"""The words of the field, in the standard library and numpy only: formats, rounding, schedules, verdicts, claims."""
