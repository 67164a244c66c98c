"""Training patches of an explanation are those of the record."""

import mmproto


def test_patches_come_from_the_record(projected, image):
    record = projected.dataset_meta['projection']
    explanation = mmproto.explain(projected, image)
    for item in explanation.concepts:
        own = record['prototypes'][2 * item.concept : 2 * item.concept + 2]
        # two prototypes: first the nearest patch of each
        best = sorted(
            (p['patches'][0] for p in own), key=lambda p: -p['similarity']
        )
        assert [p.similarity for p in item.patches[:2]] == [
            p['similarity'] for p in best
        ]
        assert len(item.patches) == 6
        assert all(p.file.is_file() for p in item.patches)
    assert explanation.notes == []


def test_without_a_record_there_are_no_patches(tiny_model, image):
    explanation = mmproto.explain(tiny_model, image)
    assert explanation.concepts
    assert all(item.patches == [] for item in explanation.concepts)
    assert 'mmproto project' in explanation.notes[0]


def test_moved_images_are_noted_and_found_again(projected, image, tiny_data):
    for prototype in projected.dataset_meta['projection']['prototypes']:
        for patch in prototype['patches']:
            patch['image'] = patch['image'].replace(
                str(tiny_data), '/old/place'
            )
    lost = mmproto.explain(projected, image)
    assert '/old/place' in lost.notes[0] and 'data_root' in lost.notes[0]
    assert lost.concepts[0].patches[0].file is None
    found = mmproto.explain(projected, image, data_root=tiny_data)
    assert found.notes == [] and found.concepts[0].patches[0].file.is_file()
