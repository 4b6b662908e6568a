// The semantic arm as it is configured: which encoder, or why there is none.
#pragma once

#include <memory>
#include <string>

#include "app/config.h"
#include "async/task.h"
#include "base/clock.h"
#include "base/log.h"
#include "catalog/model.h"
#include "embed/tool_encoder.h"
#include "http/client.h"

namespace mcpo::app {

struct Semantics {
  std::unique_ptr<embed::Encoder> encoder;
  std::unique_ptr<embed::ToolEncoder> tools;  // null: search goes by words only
  std::string why_not;                        // then, for people: what is missing, what to do
  WallTime since;

  // Why requests and tools cannot be encoded at the moment.
  catalog::Trouble trouble() const;
};

// Looks for the model on the disk, or takes the service; loads nothing yet. With a semantic share
// of 0 there is no encoder and nothing is missing. Logs one warning where something is. Borrows
// `http` and `clock`.
Semantics make_semantics(const Config& config, http::Client& http, const Clock& clock,
                         async::Executor executor, Logger& log);

}  // namespace mcpo::app
