"""Writes a GGUF file with f32 weights as a checkpoint of transformers, once in f32 and once in bf16, each in a folder.

Arguments: the file, and the two folders. transformers undoes the order in which GGUF stores the rows of the rotated
projections.
"""

import pathlib
import sys

import torch
import transformers


def main():
    source, *folders = map(pathlib.Path, sys.argv[1:])
    place = {"pretrained_model_name_or_path": str(source.parent), "gguf_file": source.name}
    model = transformers.AutoModelForCausalLM.from_pretrained(**place, dtype=torch.float32)
    tokenizer = transformers.AutoTokenizer.from_pretrained(**place)
    # Without these, save_pretrained takes the weights for quantised ones, which it refuses to write.
    model.hf_quantizer, model.is_quantized = None, False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    for folder, dtype in zip(folders, (torch.float32, torch.bfloat16), strict=True):
        model.to(dtype).save_pretrained(folder)
        tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    main()
