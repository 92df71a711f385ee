"""Keyset paging for the API: cursors, never OFFSET."""

from rest_framework.pagination import CursorPagination


class CursorPages(CursorPagination):
    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000
    ordering = "pk"
