"""Turns public data sets into rows of phatgoose: layouts read them, a pipeline checks, chooses and writes."""
