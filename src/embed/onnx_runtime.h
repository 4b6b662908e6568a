// ONNX Runtime, loaded while the program runs: the program starts and works without it, and any
// version from 1.22 on will do. Only this unit knows its C interface.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"

namespace mcpo::embed {

class OnnxSession;

// The library. Stays in the process once loaded, also when this object goes.
class OnnxRuntime {
 public:
  // Blocks: reads the library from disk. Errors: not_found (no such file), unavailable (it cannot
  // be loaded: says why), invalid (no ONNX Runtime, or one that is too old).
  static Result<std::shared_ptr<OnnxRuntime>> load(const std::filesystem::path& library);
  ~OnnxRuntime();
  OnnxRuntime(const OnnxRuntime&) = delete;
  OnnxRuntime& operator=(const OnnxRuntime&) = delete;

  const std::string& version() const;  // "1.29.0"

 private:
  friend class OnnxSession;
  struct Impl;
  explicit OnnxRuntime(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A sentence encoder's graph: token ids in, one row of numbers per token out. Each run uses the
// calling thread only; any number of threads may run one session at once.
class OnnxSession {
 public:
  // Blocks for about 100 ms. Keeps the runtime. Errors: invalid (not a model, or not of that kind:
  // inputs other than input_ids, attention_mask, token_type_ids; no output of token vectors),
  // cancelled (`stop`, as soon as the library notices).
  static Result<std::unique_ptr<OnnxSession>> open(std::shared_ptr<OnnxRuntime> runtime,
                                                   const std::filesystem::path& model,
                                                   const std::stop_token& stop = {});
  ~OnnxSession();
  OnnxSession(const OnnxSession&) = delete;
  OnnxSession& operator=(const OnnxSession&) = delete;

  struct Output {
    std::vector<float> rows;  // ids x dimension
    std::size_t dimension = 0;
  };
  // One text, not padded. Errors: internal (what the runtime says).
  Result<Output> run(std::span<const std::int64_t> ids) const;

 private:
  struct Impl;
  explicit OnnxSession(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mcpo::embed
