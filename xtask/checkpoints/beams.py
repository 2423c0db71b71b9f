"""Writes what beam searches of transformers find on the tiny checkpoints. README.md says how to run it."""

import argparse
import json
import pathlib

import safetensors.torch
import torch
from transformers import AutoModelForCausalLM, logging

FAMILIES = ("llama", "qwen2", "gpt2")
MAX_OUTPUT = 14


def cases():
    """Width, length penalty and early stopping."""
    for width in (2, 4):
        for penalty in (-1.0, 0.0, 1.0, 2.0):
            for early in (True, False, "never"):
                yield width, penalty, early


def search(model, row, width, penalty, early, ends):
    """The best continuation and its score."""
    found = model.generate(
        row[None],
        attention_mask=torch.ones_like(row[None]),
        num_beams=width,
        length_penalty=penalty,
        early_stopping=early,
        eos_token_id=ends,
        pad_token_id=ends[0],
        max_new_tokens=MAX_OUTPUT,
        do_sample=False,
        output_scores=True,
        return_dict_in_generate=True,
    )
    tokens = found.sequences[0, len(row) :].tolist()
    length = next((place for place, token in enumerate(tokens, 1) if token in ends), len(tokens))
    return tokens[:length], found.sequences_scores[0].item()


def main():
    """Writes the fixture into the folder above the checkpoints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="folder of the checkpoints")
    folder = parser.parse_args().folder
    logging.set_verbosity_error()
    entries = []
    for family in FAMILIES:
        model = AutoModelForCausalLM.from_pretrained(folder / family, dtype=torch.float32).eval()
        model.generation_config.eos_token_id = None
        expected = safetensors.torch.load_file(folder / family / "expected.safetensors")
        rows = torch.split(expected["tokens"].to(torch.int64), expected["lengths"].tolist())
        for index, (width, penalty, early) in enumerate(cases()):
            place = index % len(rows)
            row = rows[place]
            # The one to three most probable tokens of a step, so that several continuations end at once.
            ends = expected["continuation_logits"][place][3 + index % 5].topk(1 + index % 3).indices.tolist()
            tokens, score = search(model, row, width, penalty, early, ends)
            entries.append(
                {
                    "family": family,
                    "prompt": row.tolist(),
                    "width": width,
                    "length_penalty": penalty,
                    "early_stopping": {True: "at_width", False: "heuristic", "never": "never"}[early],
                    "ends": ends,
                    "max_output": MAX_OUTPUT,
                    "tokens": tokens,
                    "score": score,
                }
            )
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    (folder.parent / "beams.json").write_text(f"[\n{lines}\n]\n")
    print(f"{len(entries)} searches, {sum(entry['tokens'][-1] in entry['ends'] for entry in entries)} of them ended")


if __name__ == "__main__":
    main()
