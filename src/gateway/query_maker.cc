#include "gateway/query_maker.h"

#include <utility>

#include "search/embedding.h"

namespace mcpo::gateway {

std::string words_only_note(const MadeQuery& made, std::size_t tools, std::size_t embedded) {
  if (!made.words_only_because.empty()) return made.words_only_because;
  const bool no_vectors = made.query.embedding != nullptr && tools > 0 && embedded == 0;
  return no_vectors ? "what the tools mean is not learned yet" : "";
}

QueryMaker::QueryMaker(embed::ToolEncoder* encoder, std::string why_not, QueryOptions options)
    : encoder_(encoder), why_not_(std::move(why_not)), options_(options) {}

async::Co<MadeQuery> QueryMaker::make(std::string description, std::string keywords,
                                      std::size_t limit, async::Deadline deadline) {
  MadeQuery out;
  out.query.description = std::move(description);
  out.query.keywords = std::move(keywords);
  out.query.limit = limit;
  out.query.semantic_share = options_.semantic_share;
  out.query.distance_threshold = options_.distance_threshold;
  if (options_.semantic_share == 0) co_return out;
  out.words_only_because = why_not_;
  if (encoder_ == nullptr) co_return out;
  const auto soon = async::Deadline::in(options_.encode_timeout).earlier(deadline);
  auto embedding = co_await encoder_->encode_request(search::request_texts(out.query), soon);
  out.words_only_because = embedding ? std::string() : embedding.error().message;
  if (embedding) out.query.embedding = *std::move(embedding);
  co_return out;
}

}  // namespace mcpo::gateway
