// A sentence encoder as ONNX graph with its tokeniser: text to a pooled vector and token vectors.
// One text per run and never padded: dynamic quantisation looks at the whole tensor, so padding and
// neighbours would change the numbers.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "embed/model_files.h"
#include "embed/model_settings.h"
#include "embed/onnx_runtime.h"
#include "embed/text_model.h"
#include "embed/wordpiece.h"

namespace mcpo::embed {

class OnnxEmbedder final : public TextModel {
 public:
  // Blocks for 100 to 200 ms and reads the whole model. Bounds what malloc keeps, for the whole
  // process. Errors: those of the files (not_found, invalid: what is wrong with which), cancelled
  // (`stop`; while the library reads the graph it may take a moment to notice).
  static Result<std::unique_ptr<OnnxEmbedder>> load(const ModelFiles& files,
                                                    const std::stop_token& stop = {});

  const std::string& identity() const override { return identity_; }
  Result<Encoding> encode(const EncodeJob& job) const override;
  void rest() const override;
  bool is_word(std::uint32_t token) const override { return wordpiece_.is_word(token); }
  std::string_view piece(std::uint32_t token) const override { return wordpiece_.piece(token); }

  const ModelSettings& settings() const { return settings_; }
  const Wordpiece& wordpiece() const { return wordpiece_; }
  const OnnxSession& session() const { return *session_; }
  // What the graph gets for a job: special tokens and prefix and all. `tokens`: those of the text.
  std::vector<std::int64_t> input_ids(const EncodeJob& job, std::vector<Token>& tokens) const;

 private:
  OnnxEmbedder(Wordpiece wordpiece, ModelSettings settings);
  std::vector<float> pooled(const OnnxSession::Output& output) const;

  Wordpiece wordpiece_;
  ModelSettings settings_;
  std::unique_ptr<OnnxSession> session_;
  std::string identity_;
  std::vector<std::int64_t> query_start_;  // [CLS] and the prefix
  std::vector<std::int64_t> document_start_;
};

}  // namespace mcpo::embed
