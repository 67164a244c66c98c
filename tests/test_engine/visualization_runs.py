"""Hooks that draw, few and quickly, for tests."""

HOOK = dict(type='mmproto.PrototypeVisualizationHook')
SHORT = {'train_cfg.max_iters': 2}
PROJECTION = dict(type='mmproto.PrototypeProjectionHook', topk=2)
OF_PROJECTION = 'Training patches are those of the projection.'


def hook_with(**arguments):
    return dict(HOOK, **{'images': 1, 'concepts': 2, **arguments})


def images(runner):
    dataset = runner.val_dataloader.dataset
    return [dataset.get_data_info(i)['img_path'] for i in range(len(dataset))]
