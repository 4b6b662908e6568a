// Is a server of the user's configuration this very optimizer? It must never become a server of
// its own: that would be a loop (DESIGN section 2, last row). What cannot be told from the spec (a
// detour through another proxy) is recognised when it answers: mcp::kMetaInstance.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mcp/connection_spec.h"

namespace mcpo::upstream {

struct SelfIdentity {
  std::string binary;             // canonical path of our own executable
  std::string path;               // PATH, to look bare command names up
  std::string host;               // where we listen; empty: nowhere
  std::uint16_t port = 0;         // 0: nowhere
  std::string endpoint = "/mcp";  // our own path there
};

// Why `spec` leads back to us, for people; nullopt when it does not.
std::optional<std::string> recognise_self(const mcp::ConnectionSpec& spec,
                                          const SelfIdentity& self);

}  // namespace mcpo::upstream
