"""All layouts, by name."""

import importlib

#: The module of each layout; imported when it is asked for, since some need packages that others do not.
MODULES = {
    "p3": "p3", "promptsource": "promptsource", "bigbench": "bigbench", "bbh": "bbh",
    "natural-instructions": "natural_instructions", "flan": "flan", "csv": "table", "rows": "rows",
}


def layout(name):
    return importlib.import_module(f"phatgoose_data.layouts.{MODULES[name]}").LAYOUT
