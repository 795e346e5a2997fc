"""The Django app of the store."""

from django.apps import AppConfig


class Store(AppConfig):
    name = "countermand.store"
    label = "store"
