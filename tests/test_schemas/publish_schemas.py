"""Write ``mmproto/schemas`` from the models of this folder.

    python tests/test_schemas/publish_schemas.py

The package itself does not need pydantic.
"""

import json
import re
from pathlib import Path

from explanation_records import Concepts, Explanation, Frame, Sequence
from measurement_records import (
    CamComparison,
    Confusions,
    ExplanationReport,
    FitReport,
)
from pydantic.json_schema import GenerateJsonSchema

FOLDER = Path(__file__).parents[2] / 'mmproto' / 'schemas'
RECORDS = {
    'cam_comparison.schema.json': CamComparison,
    'concepts.schema.json': Concepts,
    'confusions.schema.json': Confusions,
    'explanation.schema.json': Explanation,
    'explanation_report.schema.json': ExplanationReport,
    'fit_report.schema.json': FitReport,
    'sequence.schema.json': Sequence,
}


class Generator(GenerateJsonSchema):
    """As strict as the models are, without titles and defaults."""

    def normalize_name(self, name):
        """Name a definition in snake case."""
        return re.sub(r'(?<=[a-z])(?=[A-Z])', '_', name).lower()

    def field_title_should_be_set(self, schema):
        return False

    def default_schema(self, schema):
        """A default only says that a key may be missing."""
        return self.generate_inner(schema['schema'])

    def nullable_schema(self, schema):
        """Write ``[type, null]`` where that says it all."""
        inner = self.generate_inner(schema['schema'])
        if isinstance(inner.get('type'), str):
            return inner | dict(type=[inner['type'], 'null'])
        return super().nullable_schema(schema)

    def dict_schema(self, schema):
        """Refuse keys that do not match their pattern."""
        found = super().dict_schema(schema)
        if 'patternProperties' in found:
            found['additionalProperties'] = False
        return found


def make_schema(name):
    """Schema of a record, by the name of its file, as text."""
    schema = _schema_of(RECORDS[name])
    if name == 'sequence.schema.json':
        frame = _schema_of(Frame)
        schema['$defs'] |= frame.pop('$defs') | {'frame': frame}
    for definition in schema['$defs'].values():
        del definition['title']  # the name again
    address = 'https://json-schema.org/draft/2020-12/schema'
    head = {'$schema': address, '$id': name, 'title': schema['title']}
    text = json.dumps(head | schema, indent=2) + '\n'
    return text.replace('\\n', ' ')  # descriptions are wrapped in the code


def _schema_of(record):
    return record.model_json_schema(schema_generator=Generator)


if __name__ == '__main__':
    for name in RECORDS:
        (FOLDER / name).write_text(make_schema(name))
