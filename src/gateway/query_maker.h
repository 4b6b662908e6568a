// From what a client asks to a search::Query with its embedding; and where there is none, why.
#pragma once

#include <memory>
#include <string>

#include "async/deadline.h"
#include "async/task.h"
#include "base/log.h"
#include "embed/tool_encoder.h"
#include "search/engine.h"

namespace mcpo::gateway {

struct QueryOptions {
  double semantic_share = .5;     // HYBRID_SEARCH_SEMANTIC_RATIO; 0: the encoder is never asked
  double distance_threshold = 1;  // TOOL_DISTANCE_THRESHOLD
  Millis encode_timeout{2'000};   // after it the search goes on by words alone
};

struct MadeQuery {
  search::Query query;
  std::string words_only_because;  // empty: as it was configured
};

// What an answer has to say of a search over `tools`, of which `embedded` have an embedding: empty,
// or why words alone decided.
std::string words_only_note(const MadeQuery& made, std::size_t tools, std::size_t embedded);

// On the I/O thread. Borrows the encoder.
class QueryMaker {
 public:
  // Without an encoder `why_not` says what is missing.
  QueryMaker(embed::ToolEncoder* encoder, std::string why_not, QueryOptions options);

  // Never fails: without an embedding the search goes by words.
  async::Co<MadeQuery> make(std::string description, std::string keywords, std::size_t limit,
                            async::Deadline deadline);

 private:
  embed::ToolEncoder* encoder_;
  std::string why_not_;
  QueryOptions options_;
};

}  // namespace mcpo::gateway
