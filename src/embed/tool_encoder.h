// Tools and requests to what the search engine's semantic arm reads. The only part of this module
// that knows what a tool is.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "async/task.h"
#include "embed/encoder.h"
#include "embed/request_cache.h"
#include "search/embedding.h"

namespace mcpo::embed {

// Names what the texts and rows are made of; part of the identity under which embeddings are
// stored.
inline constexpr std::string_view kTextPreparation = "server-name-description-128,description-128";

struct ToolEncoderOptions {
  std::size_t cached_requests = 1000;  // 0: none (ENABLE_EMBEDDING_CACHE off)
  std::size_t cached_bytes = std::size_t{8} << 20;
};

// On the encoder's executor; outlives the coroutines that it has given out. Errors are those of
// Encoder::encode.
class ToolEncoder {
 public:
  // Borrows the encoder.
  ToolEncoder(Encoder& encoder, ToolEncoderOptions options);

  Encoder& encoder() { return encoder_; }
  // Under which document embeddings are stored. Empty until the encoder is ready.
  const std::string& identity() const;

  // In their order. Batches suit a service; a model in this process spreads them over its threads.
  async::Task<std::vector<search::DocumentEmbedding>> encode_documents(
      std::vector<search::SemanticText> texts, async::Deadline deadline);
  // `texts`: of search::request_texts(). Requests that were answered lately cost nothing, and equal
  // ones at the same time share one inference (whose first caller may go away without harm).
  async::Task<std::shared_ptr<const search::RequestEmbedding>> encode_request(
      std::vector<std::string> texts, async::Deadline deadline);

 private:
  using Request = RequestCache::Value;
  struct Flight;
  async::Task<Request> infer(std::vector<std::string> texts, async::Deadline deadline);
  async::Task<Request> lead(std::string key, std::vector<std::string> texts,
                            async::Deadline deadline);

  Encoder& encoder_;
  RequestCache cache_;
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;
  mutable std::string identity_;  // made when first asked for
};

// A document's embedding from what the encoder made of its whole text: kept are the rows of the
// name's words. Without the vector of the description alone. Pure.
search::DocumentEmbedding document_embedding(const search::SemanticText& text,
                                             const Encoding& encoding, const Encoder& encoder);

}  // namespace mcpo::embed
