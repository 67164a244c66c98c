"""Places, labels and images of any size fit together."""

import cv2
from mmengine.runner import Runner
from projection_cases import batches, places

from mmproto.datasets.plain_loader import projection_dataloader
from mmproto.prototypes.projection import project_prototypes


def test_labels_lie_under_the_centre_of_the_cell(tiny_model, loader):
    record = project_prototypes(tiny_model, loader(), topk=6)
    patches = [q for p in record['prototypes'] for q in p['patches']]
    for patch in patches:
        assert patch['feature_size'] == [8, 12]
        assert patch['image_size'] == [64, 96]
        mask = patch['image'].replace('leftImg8bit.png', '')
        mask = mask.replace('leftImg8bit', 'gtFine')
        labels = cv2.imread(mask + 'gtFine_labelTrainIds.png', -1)
        label = labels[8 * patch['row'] + 4, 8 * patch['col'] + 4]
        assert patch['label'] == label
    assert len({patch['label'] for patch in patches}) > 1


def test_images_of_different_size_share_a_batch(tiny_model, loader):
    (batch,) = batches(loader, [0, 1])
    batch['inputs'][1] = batch['inputs'][1][:, :48, :64]
    batch['data_samples'][1].set_metainfo(dict(ori_shape=(48, 64)))
    record = project_prototypes(tiny_model, [batch], topk=2)
    sizes = {
        (*patch['feature_size'], *patch['image_size'])
        for prototype in record['prototypes']
        for patch in prototype['patches']
    }
    assert sizes == {(8, 12, 64, 96), (6, 8, 48, 64)}


def test_padding_is_no_place_and_moves_no_label(tiny_model, loader):
    plain = project_prototypes(tiny_model, loader(), 6, 'mine')
    assert any(  # else nothing would reach into the padding
        place[2] == 7 or place[3] == 11
        for found in places(plain)
        for place in found
    )
    tiny_model.data_preprocessor.test_cfg = dict(size=(96, 160))
    record = project_prototypes(tiny_model, loader(), 6, 'mine')
    for prototype in record['prototypes']:
        for patch in prototype['patches']:
            assert patch['feature_size'] == [12, 20]
            assert patch['image_size'] == [96, 160]
            assert patch['row'] < 8 and patch['col'] < 12
            labels = patch['image'].replace('leftImg8bit', 'gtFine')
            labels = labels.replace('_gtFine.', '_gtFine_labelTrainIds.')
            centre = 8 * patch['row'] + 4, 8 * patch['col'] + 4
            assert patch['label'] == cv2.imread(labels, -1)[centre]


def test_resized_images_are_recorded_in_their_own_pixels(tiny_model, loader):
    cfg = projection_dataloader(tiny_model.cfg)
    resize = dict(type='Resize', scale=(192, 128))
    cfg.dataset.pipeline.insert(1, resize)
    record = project_prototypes(tiny_model, Runner.build_dataloader(cfg), 1)
    for prototype in record['prototypes']:
        (patch,) = prototype['patches']
        assert patch['feature_size'] == [16, 24]
        assert patch['image_size'] == [64, 96]


def test_label_is_void_without_ground_truth(tiny_model, loader):
    (batch,) = batches(loader, [0, 1])
    for sample in batch['data_samples']:
        del sample.gt_sem_seg
    record = project_prototypes(tiny_model, [batch], topk=1)
    assert {p['patches'][0]['label'] for p in record['prototypes']} == {255}
