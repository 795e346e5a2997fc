"""Which page is where. Whatever is no page of ours is answered in words as well."""

from django.urls import path

from countermand.web import pages
from countermand.web.console import addresses as console
from countermand.web.selfservice import addresses

urlpatterns = [*addresses.PAGES, *console.PAGES, path("<path:rest>", pages.missing)]
