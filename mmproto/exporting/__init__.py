"""Write models in formats that other programs read."""

from .onnx_file import export_onnx as export_onnx
from .safetensors_file import load_safetensors as load_safetensors
from .safetensors_file import save_safetensors as save_safetensors
