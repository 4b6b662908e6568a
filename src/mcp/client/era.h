// Which era does a server speak? Decided from how it answers server/discover (contracts A, "Gateway
// as client"; 2026-07-28 basic/versioning, Backward Compatibility). Pure.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "mcp/message.h"

namespace mcpo::mcp {

struct EraVerdict {
  enum class Kind {
    modern,       // `version` is agreed on
    ask_again,    // modern, but not the version that we named: discover again with `version`
    legacy,       // initialize
    no_evidence,  // the failure says nothing about the era: `error`
  } kind = Kind::legacy;
  std::string version;
  Error error;
};

enum class ProbeChannel { stdio, http };
EraVerdict decide_era(const Result<Message>& answer, ProbeChannel channel);

}  // namespace mcpo::mcp
