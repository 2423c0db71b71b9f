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
    """Width, length penalty, early stopping, and which token of the greedy continuation ends a text."""
    for width in (2, 4):
        for penalty in (-1.0, 0.0, 1.0, 2.0):
            for early in (True, False, "never"):
                yield width, penalty, early


def search(model, row, width, penalty, early, end):
    """The best continuation and its score."""
    found = model.generate(
        row[None],
        attention_mask=torch.ones_like(row[None]),
        num_beams=width,
        length_penalty=penalty,
        early_stopping=early,
        eos_token_id=end,
        pad_token_id=end,
        max_new_tokens=MAX_OUTPUT,
        do_sample=False,
        output_scores=True,
        return_dict_in_generate=True,
    )
    tokens = found.sequences[0, len(row) :].tolist()
    if end in tokens:
        tokens = tokens[: tokens.index(end) + 1]
    return tokens, found.sequences_scores[0].item()


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
            # A token that wide searches come across, so that some continuations end.
            end = expected["continuation"][place].to(torch.int64)[3 + index % 5].item()
            tokens, score = search(model, row, width, penalty, early, end)
            entries.append(
                {
                    "family": family,
                    "prompt": row.tolist(),
                    "width": width,
                    "length_penalty": penalty,
                    "early_stopping": {True: "at_width", False: "heuristic", "never": "never"}[early],
                    "end": end,
                    "max_output": MAX_OUTPUT,
                    "tokens": tokens,
                    "score": score,
                }
            )
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    (folder.parent / "beams.json").write_text(f"[\n{lines}\n]\n")
    print(f"{len(entries)} searches, {sum(entry['tokens'][-1] == entry['end'] for entry in entries)} of them ended")


if __name__ == "__main__":
    main()
