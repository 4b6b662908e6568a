#include "embed/tool_encoder.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

#include "async/notifier.h"
#include "base/text.h"
#include "search/word_lists.h"

namespace mcpo::embed {
namespace {

constexpr std::size_t kDocumentTokens = 128;
constexpr std::size_t kSentenceTokens = 128;
constexpr std::size_t kRequestTokens = 256;

void append_quantized(search::QuantizedRows& rows, std::span<const float> row) {
  float largest = 0;
  for (const float x : row) largest = std::max(largest, std::abs(x));
  const float scale = largest / 127;
  rows.scales.push_back(scale);
  for (const float x : row) {
    rows.values.push_back(static_cast<std::int8_t>(scale > 0 ? std::lround(x / scale) : 0));
  }
}

std::vector<std::uint32_t> distinct_ids(const std::vector<Token>& tokens) {
  std::vector<std::uint32_t> ids;
  ids.reserve(tokens.size());
  for (const Token& token : tokens) ids.push_back(token.id);
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  ids.shrink_to_fit();
  return ids;
}

// Each row of norm 1.
std::vector<search::Fixed> fixed_rows(const Encoding& encoding) {
  std::vector<search::Fixed> out;
  const std::size_t dimension = encoding.vector.size();
  if (encoding.rows.size() != encoding.tokens.size() * dimension) return out;
  out.reserve(encoding.rows.size());
  for (std::size_t at = 0; at < encoding.rows.size(); at += dimension) {
    search::append_fixed(std::span(encoding.rows).subspan(at, dimension), out);
  }
  return out;
}

// For each text a job, and behind it one for its description, if it has one.
std::vector<EncodeJob> document_jobs(std::span<const search::SemanticText> texts) {
  std::vector<EncodeJob> jobs;
  for (const search::SemanticText& text : texts) {
    jobs.push_back({text.text, Role::document, Rows::all, kDocumentTokens});
    const std::string_view alone = text.description();
    if (alone.empty()) continue;
    jobs.push_back({std::string(alone), Role::document, Rows::none, kDocumentTokens});
  }
  return jobs;
}

}  // namespace

search::DocumentEmbedding document_embedding(const search::SemanticText& text,
                                             const Encoding& encoding, const Encoder& encoder) {
  search::DocumentEmbedding out;
  out.pieces = distinct_ids(encoding.tokens);
  out.vector = search::to_fixed(encoding.vector);
  const std::size_t dimension = encoding.vector.size();
  out.name_rows.dimension = dimension;
  if (encoding.rows.size() != encoding.tokens.size() * dimension) return out;
  for (std::size_t i = 0; i < encoding.tokens.size(); ++i) {
    const Token& token = encoding.tokens[i];
    if (token.begin < text.name_begin || token.end > text.name_end) continue;
    if (!encoder.is_word(token.id) || search::is_stop_word(encoder.piece(token.id))) continue;
    out.name_pieces.push_back(token.id);
    append_quantized(out.name_rows, std::span(encoding.rows).subspan(i * dimension, dimension));
  }
  out.name_rows.values.shrink_to_fit();
  return out;
}

// An inference that several callers may wait for.
struct ToolEncoder::Flight {
  explicit Flight(const async::Executor& executor) : ended(executor) {}
  async::Notifier ended;
  std::optional<Result<Request>> result;  // none: its caller went away
};

ToolEncoder::ToolEncoder(Encoder& encoder, ToolEncoderOptions options)
    : encoder_(encoder), cache_(options.cached_requests, options.cached_bytes) {}

const std::string& ToolEncoder::identity() const {
  if (identity_.empty() && !encoder_.identity().empty()) {
    identity_ = join(
        {encoder_.identity(), std::string(search::kEmbeddingLayout), std::string(kTextPreparation)},
        "/");
  }
  return identity_;
}

async::Task<std::vector<search::DocumentEmbedding>> ToolEncoder::encode_documents(
    std::vector<search::SemanticText> texts, async::Deadline deadline) {
  CO_TRY(auto encodings, co_await encoder_.encode(document_jobs(texts), Priority::bulk, deadline));
  std::vector<search::DocumentEmbedding> made;
  auto next = encodings.begin();
  for (const search::SemanticText& text : texts) {
    made.push_back(document_embedding(text, *next++, encoder_));
    if (!text.description().empty()) made.back().description = search::to_fixed((next++)->vector);
  }
  co_return made;
}

async::Task<RequestCache::Value> ToolEncoder::infer(std::vector<std::string> texts,
                                                    async::Deadline deadline) {
  std::vector<EncodeJob> jobs;
  for (std::string& text : texts) {
    const bool is_whole = jobs.empty();
    jobs.push_back({std::move(text), Role::query, is_whole ? Rows::all : Rows::none,
                    is_whole ? kRequestTokens : kSentenceTokens});
  }
  CO_TRY(auto encodings,
         co_await encoder_.encode(std::move(jobs), Priority::interactive, deadline));
  auto made = std::make_shared<search::RequestEmbedding>();
  for (std::size_t i = 1; i < encodings.size(); ++i) {
    made->sentences.push_back(search::to_fixed(encodings[i].vector));
  }
  made->vector = search::to_fixed(encodings.front().vector);
  made->rows = fixed_rows(encodings.front());
  co_return made;
}

async::Task<RequestCache::Value> ToolEncoder::encode_request(std::vector<std::string> texts,
                                                             async::Deadline deadline) {
  if (texts.empty()) co_return fail(Errc::invalid, "no text to encode");
  std::string key = join(texts, "\x1f");
  while (true) {
    if (Request known = cache_.find(key)) co_return known;
    const auto found = flights_.find(key);
    if (found == flights_.end())
      co_return co_await lead(std::move(key), std::move(texts), deadline);
    const std::shared_ptr<Flight> flight = found->second;
    CO_CHECK_OK(co_await flight->ended.wait_change(0, deadline));
    // Another's lack of time or patience is not ours.
    if (!flight->result) continue;
    const bool is_its_own = !*flight->result && (flight->result->error().code == Errc::timeout ||
                                                 flight->result->error().code == Errc::cancelled);
    if (!is_its_own) co_return *flight->result;
  }
}

async::Task<RequestCache::Value> ToolEncoder::lead(std::string key, std::vector<std::string> texts,
                                                   async::Deadline deadline) {
  const auto flight = std::make_shared<Flight>(co_await async::asio::this_coro::executor);
  flights_.emplace(key, flight);
  // Also when this coroutine is dropped in the middle.
  const auto land = [this, &key](Flight* ended) {
    flights_.erase(key);
    ended->ended.notify_all();
  };
  const std::unique_ptr<Flight, decltype(land)> guard(flight.get(), land);
  flight->result = co_await infer(std::move(texts), deadline);
  if (*flight->result) cache_.put(key, **flight->result);
  co_return *flight->result;
}

}  // namespace mcpo::embed
