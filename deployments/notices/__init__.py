"""The words of this room's notifications: one module for each subject, all of them imported when the portal starts.

They import models and `schools`, never this room's services: those import them to tell.
"""

from importlib import import_module
from pkgutil import iter_modules

for module in iter_modules(__path__):
    import_module(f"{__name__}.{module.name}")
