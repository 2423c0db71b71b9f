"""transformers as a contestant of `cargo xtask bench engine`: eager PyTorch with the library's defaults.

Arguments: folder of the checkpoint, number type, file of token ids, threads.
Speaks the protocol of xtask/src/bench/engine/driver.rs.
"""

import argparse
import json
import sys
import time

import torch
import transformers

TYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


@torch.inference_mode()
def measure(model, ids, batch, prompt, steps):
    """Seconds of the prompts and of `steps` passes of one token of each prompt, greedily."""
    prompts = ids[: batch * prompt].reshape(batch, prompt)
    start = time.perf_counter()
    output = model(prompts, use_cache=True, logits_to_keep=1)
    chosen = output.logits[:, -1].argmax(-1, keepdim=True)
    prefilled = time.perf_counter()
    for _ in range(steps):
        output = model(chosen, past_key_values=output.past_key_values, use_cache=True, logits_to_keep=1)
        chosen = output.logits[:, -1].argmax(-1, keepdim=True)
    end = time.perf_counter()
    return {"prefill_s": prefilled - start, "decode_s": end - prefilled}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("type", choices=TYPES)
    parser.add_argument("ids")
    parser.add_argument("threads", type=int)
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    with open(arguments.ids) as file:
        ids = torch.tensor([int(word) for word in file.read().split()])
    dtype = TYPES[arguments.type]
    model = transformers.AutoModelForCausalLM.from_pretrained(arguments.model, dtype=dtype).eval()
    # Tied weights are one parameter here, as in memory.
    parameters = list(model.parameters())
    facts = {
        "version": f"transformers {transformers.__version__}, torch {torch.__version__}",
        "kernel": f"eager, {model.config._attn_implementation} attention, {torch.backends.cpu.get_cpu_capability()}",
        "weights": f"{arguments.type} ×{len(parameters)}",
        "weight_bytes": sum(parameter.numel() * parameter.element_size() for parameter in parameters),
    }
    print(json.dumps(facts), flush=True)
    for line in sys.stdin:
        print(json.dumps(measure(model, ids, *map(int, line.split()))), flush=True)


if __name__ == "__main__":
    main()
