"""Where the employee's pages are."""

from django.urls import path

from countermand.web.selfservice import messages

PAGES = [
    path("", messages.home),
    path("message/", messages.look_up),
    path("message/<str:code>/", messages.message),
    path("message/<str:code>/proof", messages.proof),
]
