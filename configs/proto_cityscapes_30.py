# The proposed system on all 30 classes of Cityscapes.
_base_ = './proto_cityscapes.py'
model = dict(
    decode_head=dict(num_classes=30, num_concepts=300)  # ten per class
)
dataset_type = 'mmproto.Cityscapes30Dataset'
train_dataloader = dict(dataset=dict(type=dataset_type))
val_dataloader = dict(dataset=dict(type=dataset_type))
test_dataloader = val_dataloader
