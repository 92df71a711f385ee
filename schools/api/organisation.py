"""Schools for scripts, read only."""

from __future__ import annotations

from rest_framework import serializers

from schools.api.rows import Rows
from schools.filters import SchoolFilters
from schools.models import Administration, School, SchoolForm


class SchoolSerializer(serializers.ModelSerializer[School]):
    administration: serializers.SlugRelatedField[Administration] = serializers.SlugRelatedField(
        slug_field="code", read_only=True
    )
    school_form: serializers.SlugRelatedField[SchoolForm] = serializers.SlugRelatedField(
        slug_field="code", read_only=True
    )

    class Meta:
        model = School
        fields = ["id", "school_unit_code", "name", "administration", "school_form", "group_tag", "entra_group_id"]


class SchoolViewSet(Rows):
    queryset = School.objects.for_list()
    serializer_class = SchoolSerializer
    filterset_class = SchoolFilters
    permission = "schools.view_school"
    ordering_fields = ["name", "school_unit_code", "id"]
