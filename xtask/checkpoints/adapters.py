"""Makes tiny LoRA adapters for some of the checkpoints, and what PEFT answers with them. README.md says what it writes."""

import argparse
import json
import pathlib
import shutil
import tempfile
import zlib
from dataclasses import dataclass

import numpy as np
import peft
import safetensors.torch
import torch
from transformers import AutoModelForCausalLM, logging

from model import prompt_logits

# As large as the matrices that the low-rank product is added to.
DEVIATION = 0.5


@dataclass(frozen=True)
class Adapter:
    """One adapter to make."""

    name: str
    """Name of its folder."""
    family: str
    """Folder of the checkpoint that it adapts."""
    config: dict
    """What its configuration says beside PEFT's defaults."""


ADAPTERS = [
    # Ranks and scales that differ from matrix to matrix.
    Adapter(
        "llama",
        "llama",
        {
            "r": 4,
            "lora_alpha": 8,
            "target_modules": ["q_proj", "v_proj", "o_proj", "gate_proj", "down_proj", "lm_head"],
            "rank_pattern": {"layers.1.self_attn.q_proj": 2, "down_proj": 3},
            "alpha_pattern": {"o_proj": 2},
        },
    ),
    # Matrices stored input by input, and the scale of rank-stabilised LoRA.
    Adapter(
        "gpt2",
        "gpt2",
        {"r": 4, "lora_alpha": 3, "target_modules": ["c_attn", "c_proj"], "fan_in_fan_out": True, "use_rslora": True},
    ),
    # One matrix of queries, keys and values, head by head.
    Adapter("gpt_neox", "gpt_neox", {"r": 2, "lora_alpha": 2, "target_modules": ["query_key_value", "dense"]}),
]


@torch.no_grad()
def draw(model):
    """Replaces the two factors of every product: PEFT starts with one of them zero."""
    for name, weight in model.named_parameters():
        if "lora_" in name:
            generator = np.random.default_rng([7, zlib.crc32(name.encode())])
            weight.copy_(torch.from_numpy(DEVIATION * generator.standard_normal(tuple(weight.shape))))


def prompts(folder):
    """The prompts of the checkpoint."""
    expected = safetensors.torch.load_file(folder / "expected.safetensors")
    return torch.split(expected["tokens"].long(), expected["lengths"].long().tolist())


def make(adapter, families, root):
    """Adapts the checkpoint, writes the adapter, and what the model answers while the product is a path of its own."""
    base = AutoModelForCausalLM.from_pretrained(families / adapter.family, dtype=torch.float32, attn_implementation="eager")
    rows = prompts(families / adapter.family)
    plain = prompt_logits(base.eval(), rows)
    model = peft.get_peft_model(base, peft.LoraConfig(task_type="CAUSAL_LM", **adapter.config)).eval()
    draw(model)
    logits = prompt_logits(model, rows)
    difference = (logits - plain).abs().max() / (plain.max() - plain.min())
    if difference < 0.1:
        raise SystemExit(f"{adapter.name}: the adapter changes too little")
    folder = root / adapter.name
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as saved:
        # Else a head that is adapted is saved a second time beside its product.
        model.save_pretrained(saved, save_embedding_layers=False)
        shutil.copyfile(pathlib.Path(saved, "adapter_model.safetensors"), folder / "adapter_model.safetensors")
        config = json.loads(pathlib.Path(saved, "adapter_config.json").read_text())
    # What differs from run to run and from machine to machine.
    config |= {"target_modules": sorted(config["target_modules"]), "base_model_name_or_path": adapter.family}
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    safetensors.torch.save_file({"prompt_logits": logits}, folder / "expected.safetensors")
    print(f"{adapter.name}: logits change by up to {difference:.2f} of their range")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", type=pathlib.Path, help="where the checkpoints lie")
    parser.add_argument("folder", type=pathlib.Path, help="where to write a folder for each adapter")
    arguments = parser.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(1)
    for adapter in ADAPTERS:
        make(adapter, arguments.families, arguments.folder)


if __name__ == "__main__":
    main()
