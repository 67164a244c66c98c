"""An explanation says what the model says, and why."""

import json
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pytest
import torch
from mmseg.apis import inference_model

import mmproto
from mmproto.explanations.record import explanation_record
from mmproto.models import PrototypeHead
from mmproto.visualization.explanation_files import save_explanation


def test_explanation_says_what_the_model_says(projected, image):
    explanation = mmproto.explain(projected, image, (40, 50))
    result = inference_model(projected, image)
    logits = result.seg_logits.data
    evidence = logits[:, 50, 40].numpy()
    np.testing.assert_allclose(explanation.evidence, evidence)
    np.testing.assert_allclose(
        explanation.probabilities, evidence / evidence.sum(), rtol=1e-5
    )
    assert np.array_equal(
        explanation.prediction, result.pred_sem_seg.data[0].numpy()
    )
    order = np.argsort(-evidence)
    assert explanation.predicted == order[0]
    assert explanation.runner_up == order[1]
    assert explanation.completeness_error < 1e-5
    assert explanation.contributions.shape == (4, 8)


def test_concepts_are_the_fewest_that_explain_enough(projected, image):
    explanation = mmproto.explain(projected, image, (40, 50))
    winning = explanation.contributions[explanation.predicted]
    chosen = [item.concept for item in explanation.concepts]
    assert (
        chosen == np.argsort(-winning, kind='stable')[: len(chosen)].tolist()
    )
    enough = 0.95 * winning.sum()
    assert winning[chosen].sum() >= enough > winning[chosen[:-1]].sum()
    for item in explanation.concepts:
        assert item.activation_map.shape == (64, 96)
        assert item.activation_map[50, 40] == pytest.approx(
            explanation.activations[item.concept], abs=1e-6
        )
        assert item.dilation == (1, 2, 3)[item.scale]


def test_scale_is_the_most_active_one_at_the_pixel(projected, image):
    head = projected.decode_head
    found = set()
    for x, y in ((40, 50), (3, 4), (90, 20), (60, 33)):
        explanation = mmproto.explain(projected, image, (x, y))
        pixels = cv2.imread(image)[..., ::-1].astype(np.float32)
        mean = np.array([123.675, 116.28, 103.53], np.float32)
        std = np.array([58.395, 57.12, 57.375], np.float32)
        batch = torch.from_numpy((pixels - mean) / std).permute(2, 0, 1)[None]
        with torch.no_grad():
            latents = head.stack_scales(projected.extract_feat(batch))
            maps = head.pool_concepts(latents)[1][0]  # S,K,H,W
        at_pixels = torch.nn.functional.interpolate(
            maps, (64, 96), mode='bilinear', align_corners=head.align_corners
        )
        for item in explanation.concepts:
            values = at_pixels[:, item.concept, y, x]
            assert item.scale == int(values.argmax())
            found.add(item.scale)
    assert len(found) > 1


def test_names_of_concepts_come_from_the_checkpoint(projected, image):
    before = mmproto.explain(projected, image, (40, 50))
    first = before.concepts[0].concept
    assert f'because of concept {first} (' in before.sentence()
    # as `tools/edit_concepts.py --rename` leaves them
    names = {str(first): 'left rear wheel'}
    projected.dataset_meta['concept_names'] = names
    named = mmproto.explain(projected, image, (40, 50))
    assert f'because of left rear wheel (concept {first}, ' in named.sentence()
    data = explanation_record(named)
    assert data['concepts'][0]['name'] == 'left rear wheel'
    validate(data)


def test_default_point_is_certain_and_in_the_largest_class(projected, image):
    explanation = mmproto.explain(projected, image)
    x, y = explanation.point
    prediction = explanation.prediction
    largest = np.bincount(prediction.ravel()).argmax()
    assert explanation.predicted == prediction[y, x] == largest
    logits = inference_model(projected, image).seg_logits.data
    share = projected.decode_head.probabilities(logits[None])[0, largest]
    inside = share[8:-8, 12:-12][prediction[8:-8, 12:-12] == largest]
    assert share[y, x] == inside.max()


def test_pixels_and_path_explain_alike(projected, image):
    by_path = explanation_record(mmproto.explain(projected, image, (3, 4)))
    by_pixels = explanation_record(
        mmproto.explain(projected, cv2.imread(image), (3, 4))
    )
    assert by_path.pop('image') == image and by_pixels.pop('image') is None
    assert by_path == by_pixels
    assert mmproto.explain(projected, Path(image), (3, 4)).image == image


def test_no_evidence_is_said(projected, image):
    torch.nn.init.constant_(projected.decode_head.conv_seg.weight, -1.0)
    explanation = mmproto.explain(projected, image)
    assert explanation.concepts == []
    assert 'No class has any evidence' in explanation.notes[0]
    validate(explanation_record(explanation))


def test_signed_evidence_is_explained_and_fits_the_schema(
    tiny_model, image, tmp_path
):
    torch.manual_seed(0)
    tiny_model.decode_head = PrototypeHead(
        16,
        16,
        num_classes=4,
        num_concepts=8,
        prototype_layer=dict(type='mmproto.DistancePrototypes'),
        classifier=dict(type='mmproto.ClassSpecificConv2d', other=-5.0),
        link='softmax',
    ).eval()
    explanation = mmproto.explain(tiny_model, image)
    assert (explanation.evidence < 0).all()
    for index, evidence in enumerate(explanation.evidence):
        own = explanation.class_weights[index] * explanation.activations
        assert own.sum() == pytest.approx(evidence, rel=1e-5)
    # two concepts are of the winner: what speaks for it is theirs
    found = {item.concept for item in explanation.concepts}
    winner = explanation.predicted
    assert found and found <= {2 * winner, 2 * winner + 1}
    validate(explanation_record(explanation))
    assert cv2.imread(str(save_explanation(explanation, tmp_path))) is not None


def validate(data):
    folder = Path(mmproto.__file__).parent / 'schemas'
    text = (folder / 'explanation.schema.json').read_text()
    schema = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(data)


def test_saves_picture_and_json(projected, image, tmp_path):
    explanation = mmproto.explain(projected, image)
    picture = save_explanation(explanation, tmp_path / 'new' / 'folder')
    assert sorted(path.name for path in picture.parent.iterdir()) == [
        'card.md',
        'card.pdf',
        'card.png',
        'explanation.csv',
        'explanation.json',
        'explanation.png',
    ]
    assert cv2.imread(str(picture)).shape[1] == 1870
    data = json.loads(picture.with_suffix('.json').read_text())
    validate(data)
    assert data == explanation_record(explanation)
    total = sum(item['predicted'] for item in data['contributions'])
    assert total == pytest.approx(data['predicted']['evidence'], rel=1e-5)
    del data['concepts'][0]['patches'][0]['similarity']
    with pytest.raises(Exception, match="'similarity' is a required"):
        validate(data)


def test_classes_without_names_and_colours(projected, image):
    del projected.dataset_meta
    explanation = mmproto.explain(projected, image)
    assert explanation.classes[2] == 'class 2'
    assert len(set(explanation.palette)) == 4


def test_user_mistakes(projected, image, tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere.png'):
        mmproto.explain(projected, 'nowhere.png')
    (tmp_path / 'text.png').write_text('no image')
    with pytest.raises(ValueError, match='cannot be read'):
        mmproto.explain(projected, tmp_path / 'text.png')
    for point in ((96, 0), (0, 64), (-1, 0)):
        with pytest.raises(ValueError, match='0 to 95 and y from 0 to 63'):
            mmproto.explain(projected, image, point)
    with pytest.raises(ValueError, match='BGR'):
        mmproto.explain(projected, np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match='PrototypeHead'):
        mmproto.explain(torch.nn.Linear(1, 1), image)
    projected.dataset_meta['projection']['prototypes'].pop()
    with pytest.raises(ValueError, match='15 prototypes'):
        mmproto.explain(projected, image)
    del projected.cfg
    with pytest.raises(ValueError, match='init_model'):
        mmproto.explain(projected, image)
