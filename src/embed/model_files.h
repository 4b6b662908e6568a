// Where a model and the library that runs it lie. Looks at the disk; loads nothing.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mcpo::embed {

struct ModelPlaces {
  std::string model_name = "all-MiniLM-L6-v2";  // EMBEDDING_MODEL_NAME: a folder, or a known name
  std::string model_dir;                        // --model-dir; empty: beside the program
  std::filesystem::path program_dir;            // the folder of this program's file
};

struct ModelFiles {
  std::string name;                         // "all-MiniLM-L6-v2", or the folder as given
  std::filesystem::path folder;             // where its configuration may lie as well
  std::filesystem::path model;              // model.onnx
  std::vector<std::filesystem::path> data;  // weights kept outside it: model.onnx_data and the like
  std::filesystem::path vocabulary;         // tokenizer.json or vocab.txt
  std::filesystem::path library;            // libonnxruntime.so
};

// A model name that is a path (absolute, or beginning with ./ or ../) or an existing folder means
// that folder and no other. Any other is a known name, in any case and with its organisation or
// without; it is looked for in --model-dir (as a model's own folder, then as a share folder), then
// in share/mcp-optimizer beside the program and one level up. A "share folder" has models/NAME/ and
// lib/libonnxruntime.so*. Errors: not_found, with every place that was looked at and what to do.
Result<ModelFiles> find_model(const ModelPlaces& places);

// "BAAI/bge-small-en-v1.5" is "bge-small-en-v1.5".
std::string_view short_model_name(std::string_view name);

// The folder of the running program's file.
std::filesystem::path program_folder();

// SHA-256 of a file, hex. Blocks. Errors: not_found, unavailable (cannot be read), cancelled
// (`stop`, which is looked at every 256 KB).
Result<std::string> file_sha256(const std::filesystem::path& path,
                                const std::stop_token& stop = {});
// The whole of a small file. Errors: not_found, too_large, unavailable.
Result<std::string> read_small_file(const std::filesystem::path& path, std::size_t limit_bytes);

}  // namespace mcpo::embed
