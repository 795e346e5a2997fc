"""Where the console's pages are: exactly what is declared with a rule."""

from django.urls import path

from countermand.web.console import agree, fleet, home, issue, keys, lead, ledger, mailed, paper, settings, sign_in, stop, write
from countermand.web.console.screens import SCREENS

#: The modules that declare screens.
ROOMS = (sign_in, keys, home, lead, paper, stop, agree, issue, fleet, ledger, settings, mailed, write)
PAGES = [path(f"console/{one.path}", one) for one in SCREENS]
