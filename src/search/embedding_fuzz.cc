// Any bytes are a damaged embedding, or one that is the same after another round and can be
// searched with; the same bytes again behind the checksum that belongs to them.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "search/embedding.h"

namespace {

using namespace mcpo;
using namespace mcpo::search;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_search(const DocumentEmbedding& embedding) {
  const auto shared = std::make_shared<const DocumentEmbedding>(embedding);
  const std::vector<Document> tools = {{.name = "read_file"}, {.name = "write_file"}};
  const auto index = build_index({Part{prepare(tools), {shared, nullptr}}});
  Query query{.description = "read"};
  query.embedding = std::make_shared<const RequestEmbedding>(
      RequestEmbedding{.vector = embedding.vector, .rows = embedding.vector});
  for (const Hit& hit : index->search(query).hits) {
    check(std::isfinite(hit.score));
    check(std::abs(index->explain(query, hit.doc).score() - hit.score) < 1e-3);
  }
}

void check_bytes(std::string_view bytes) {
  const auto embedding = embedding_from_bytes(bytes);
  if (!embedding) return;
  const auto again = embedding_from_bytes(to_bytes(*embedding));
  check(again && *again == *embedding);
  check_search(*embedding);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_bytes(bytes);
  const ContentHash hash = content_hash(bytes);
  check_bytes(std::string(hash.bytes.begin(), hash.bytes.begin() + 8) + std::string(bytes));
  return 0;
}
