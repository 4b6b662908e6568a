// Any bytes are a damaged embedding, or one that is the same after another round and can be
// searched with.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto embedding = embedding_from_bytes(bytes);
  if (!embedding) return 0;
  const auto again = embedding_from_bytes(to_bytes(*embedding));
  check(again && *again == *embedding);
  check_search(*embedding);
  return 0;
}
