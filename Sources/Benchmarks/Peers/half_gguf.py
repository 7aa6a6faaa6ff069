"""A GGUF file's weights as float16, in a new file: half_gguf.py FROM TO. Vectors stay float32, as converters write them."""
import sys

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter, dequantize

reader = GGUFReader(sys.argv[1])
writer = GGUFWriter(sys.argv[2], reader.get_field("general.architecture").contents())
for field in reader.fields.values():
    if field.name.startswith("GGUF.") or field.name in ("general.architecture", "general.file_type"):
        continue
    kind = field.types[0]
    writer.add_key_value(field.name, field.contents(), kind, sub_type=field.types[-1] if kind == GGUFValueType.ARRAY else None)
for tensor in reader.tensors:
    values = dequantize(tensor.data, tensor.tensor_type).reshape(tensor.shape[::-1])
    writer.add_tensor(tensor.name, values.astype(np.float16 if values.ndim > 1 else np.float32))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
