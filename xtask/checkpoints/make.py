"""Makes tiny checkpoints and what transformers answers on them. README.md says how to run it and what it writes.

For every family, seeds are tried from 0 on until the drawn model passes checks.py.
"""

import argparse
import pathlib
import shutil
import tempfile
from dataclasses import dataclass

import safetensors.torch
import torch
from transformers import AutoModelForCausalLM, logging

from checks import MOST_ROUNDING, problems, share
from families import FAMILIES
from model import build, continue_greedily, draw, draw_prompts, prompt_logits, rounded_to_bf16

N_SEEDS = 200


@dataclass(frozen=True)
class Answer:
    """What a model answers to its prompts."""

    prompt_logits: torch.Tensor
    continuation: torch.Tensor
    continuation_logits: torch.Tensor
    rounded_model: torch.nn.Module
    prompt_logits_bf16: torch.Tensor


def answer(model, rows):
    """Everything that is expected of a decoder."""
    tokens, logits = zip(*(continue_greedily(model, row) for row in rows), strict=True)
    rounded = rounded_to_bf16(model)
    return Answer(
        prompt_logits(model, rows), torch.stack(tokens), torch.stack(logits), rounded, prompt_logits(rounded, rows)
    )


def write(folder, model, rows, expected):
    """Writes the three files of a family, and makes sure that transformers reads the same model back."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as saved:
        model.save_pretrained(saved)
        read_back = AutoModelForCausalLM.from_pretrained(saved, dtype=torch.float32, attn_implementation="eager").eval()
        # Not equal to the last bit: kernels sum in another order where a tensor begins at another alignment.
        if share(prompt_logits(read_back, rows), expected.prompt_logits) > MOST_ROUNDING:
            raise SystemExit(f"{folder.name}: the saved model is another one")
        for file in ("config.json", "model.safetensors"):
            shutil.copyfile(pathlib.Path(saved, file), folder / file)
    tensors = {
        "tokens": torch.cat(rows).to(torch.uint32),
        "lengths": torch.tensor([len(row) for row in rows]).to(torch.uint32),
        "prompt_logits": expected.prompt_logits,
        "prompt_logits_bf16": expected.prompt_logits_bf16,
        "continuation": expected.continuation.to(torch.uint32),
        "continuation_logits": expected.continuation_logits,
    }
    safetensors.torch.save_file(tensors, folder / "expected.safetensors")


def make(family, root):
    """Draws models of `family` until one is a good reference, and writes it."""
    for seed in range(N_SEEDS):
        model = build(family)
        draw(family, model, seed)
        rows = draw_prompts(family, seed)
        expected = answer(model, rows)
        problem = next(problems(family, model, rows, expected), None)
        if problem is None:
            write(root / family.name, model, rows, expected)
            print(f"{family.name}: seed {seed}", flush=True)
            return
        print(f"{family.name}: seed {seed}: {problem}", flush=True)
    raise SystemExit(f"{family.name}: no model drawn is a good reference; its configuration wants another look")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="where to write a folder for each family")
    parser.add_argument("--only", nargs="+", metavar="FAMILY", choices=[family.name for family in FAMILIES])
    arguments = parser.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    # Sums in one order, whatever the machine's number of cores.
    torch.set_num_threads(1)
    for family in FAMILIES:
        if arguments.only is None or family.name in arguments.only:
            make(family, arguments.folder)


if __name__ == "__main__":
    main()
