"""Class activation maps of a segmentor, beside the concepts of its pixels."""

from .grad_cam import seg_grad_cam as seg_grad_cam
from .measure import compare_orders as compare_orders
from .pairs import check_same_classes as check_same_classes
from .pairs import explain_both as explain_both
from .record import comparison_record as comparison_record
from .record import describe_areas as describe_areas
from .save import save_comparison as save_comparison
from .segmentor_view import SegmentorView as SegmentorView
