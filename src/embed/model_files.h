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
  std::string model_name = "all-MiniLM-L6-v2";  // EMBEDDING_MODEL_NAME: a known name, or a folder
  std::string model_dir;                        // --model-dir; empty: beside the program
  std::filesystem::path program_dir;            // the folder of this program's file
};

struct ModelFiles {
  std::string name;                  // "all-MiniLM-L6-v2", or the folder as given
  std::filesystem::path folder;      // where its configuration may lie as well
  std::filesystem::path model;       // model.onnx
  std::filesystem::path vocabulary;  // tokenizer.json or vocab.txt
  std::filesystem::path library;     // libonnxruntime.so
};

// A "share folder" has models/NAME/ and lib/libonnxruntime.so*. Looked at in this order:
// --model-dir (as a model's own folder, then as a share folder), EMBEDDING_MODEL_NAME as a folder,
// then share/mcp-optimizer beside the program and one level up. Errors: not_found, with every place
// that was looked at and what to do.
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
