// What a user can do when a server does not answer, where the source that runs it is known to leave
// it in such a state: ToolHive says `running` of servers that cannot be called (contracts
// toolhive.md 1.4, 1.10).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace mcpo::upstream {

struct AdviceSubject {
  std::string_view source;     // config, toolhive, kubernetes
  std::string_view name;       // as the source names it
  std::string_view transport;  // stdio, streamable-http, sse
  std::string_view url;        // where we connect, redacted
};

// A sentence that says what is wrong there and what to do; empty when the error says it all.
std::string advice(const AdviceSubject& server, const Error& error);

}  // namespace mcpo::upstream
